import { fireEvent, render, screen } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import type { ToolCallItem } from '../../lib/reducers/view';
import { freshness } from '../../lib/stores/freshness.svelte';
import { useBackend } from '../../test/fakeBackend';
import ToolCard from './ToolCard.svelte';

const CALL: ToolCallItem = {
  callId: 'call_1',
  runId: 'run',
  tool: 'bc_query_entities',
  effect: 'read',
  input: { entity: 'customers', top: 1 },
  status: 'ok',
  output: { entity: 'customers', captions: { customers: 'Debitoren', city: 'Ort' }, rows: [{ id: 'x', city: 'Oslo' }], as_of: '2026-11-21T10:00:00Z' },
  durationMs: 12,
  startedAt: '2026-11-21T10:00:00Z',
};
const FACTS = { toolCalls: new Map(), approvals: new Map(), changes: new Map(), thinkingMs: new Map() };

describe('a result on screen', () => {
  it('has the captions of the environment, says when records changed since, and is read again on request', async () => {
    const readAgain = vi.fn(async () => ({ entity: 'customers', rows: [{ id: 'x', city: 'Bergen' }], as_of: '2026-11-21T10:05:00Z' }));
    const shownChanges = vi.fn(async ({ shown }: { shown: readonly { key: string; as_of: string }[] }) => shown.map(({ key, as_of }) => ({ key, changed: as_of < '2026-11-21T10:05:00Z' ? 2 : 0 })));
    useBackend({ readAgain, shownChanges });
    render(ToolCard, { facts: FACTS, call: CALL, over: true });
    expect(screen.getByRole('button', { name: 'Ort' })).toBeTruthy();
    expect(screen.getAllByText(/Debitoren · 1 row/).length).toBeGreaterThan(0);
    expect(screen.queryByTestId('changed-since')).toBeNull();
    await freshness.look();
    await vi.waitFor(() => expect(screen.getByTestId('changed-since').textContent).toContain('2 records changed since.'));
    await fireEvent.click(screen.getByTestId('read-again'));
    expect(readAgain).toHaveBeenCalledWith({ connection: null, input: CALL.input });
    await vi.waitFor(() => expect(screen.getByText('Bergen')).toBeTruthy());
    await freshness.look();
    expect(screen.queryByTestId('changed-since')).toBeNull();
  });
});
