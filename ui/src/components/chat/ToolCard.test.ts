import { fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { updateCustomer } from '../../lib/backend/sample/records';
import type { ApprovalView } from '../../lib/protocol';
import type { Facts, ToolCallItem } from '../../lib/reducers/view';
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
  collectedFor: null,
};
const FACTS = { toolCalls: new Map(), approvals: new Map(), changes: new Map(), thinkingMs: new Map() };

afterEach(() => {
  freshness.changed = {};
});

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

  it('gives the focus to the card when the button that had it goes, and says that it was read again', async () => {
    let answer: (rows: unknown) => void = () => undefined;
    useBackend({ readAgain: () => new Promise((told) => (answer = told)), shownChanges: async () => [] });
    render(ToolCard, { facts: FACTS, call: CALL, over: true });
    const standing = screen.getByTestId('standing');
    expect([standing.getAttribute('role'), standing.textContent]).toEqual(['status', '']);
    freshness.changed = { call_1: 1 };
    const refresh = await screen.findByTestId('read-again');
    expect(standing.textContent).toBe('1 record changed since.');
    refresh.focus();
    await fireEvent.click(refresh);
    await vi.waitFor(() => expect(standing.textContent).toBe('Reading again …'));
    expect(document.activeElement).toBe(refresh);
    answer({ entity: 'customers', rows: [{ id: 'x', city: 'Bergen' }], as_of: '2026-11-21T10:05:00Z' });
    await vi.waitFor(() => expect(document.activeElement).toBe(screen.getByRole('button', { name: /customers · 1 row/ })));
    expect(screen.queryByTestId('read-again')).toBeNull();
    expect([standing.isConnected, standing.textContent]).toEqual([true, 'Read again: customers · 1 row.']);
  });

  it('leaves the focus where a person took it meanwhile, and with the button where the reading failed', async () => {
    let fail: (fault: unknown) => void = () => undefined;
    let answer: (rows: unknown) => void = () => undefined;
    useBackend({ readAgain: () => new Promise((told, failed) => ([answer, fail] = [told, failed])), shownChanges: async () => [] });
    render(ToolCard, { facts: FACTS, call: CALL, over: true });
    freshness.changed = { call_1: 2 };
    const refresh = await screen.findByTestId('read-again');
    refresh.focus();
    await fireEvent.click(refresh);
    fail({ code: 'business_central_unavailable', message: 'No answer.', retryable: true });
    await vi.waitFor(() => expect(screen.getByTestId('standing').textContent).toBe('2 records changed since.'));
    expect(document.activeElement).toBe(refresh);
    await fireEvent.click(refresh);
    const copy = screen.getByRole('button', { name: 'Copy rows' });
    copy.focus();
    answer({ entity: 'customers', rows: [{ id: 'x', city: 'Bergen' }], as_of: '2026-11-21T10:05:00Z' });
    await vi.waitFor(() => expect(screen.queryByTestId('read-again')).toBeNull());
    expect(document.activeElement).toBe(copy);
  });
});

describe('a write that is collected for a set', () => {
  const collected: ToolCallItem = { ...CALL, tool: 'bc_update_entity', effect: 'write', status: null, output: null, durationMs: null, collectedFor: 'Two\u202E customers' };
  const said = () => screen.queryByTestId('collection')?.textContent?.replace(/\s+/g, ' ').trim();

  it('says so with the title, what cannot be seen made visible, and not that it is being worked on', () => {
    render(ToolCard, { facts: FACTS, call: collected, over: false });
    expect(said()).toBe('Collected for “Two\\u{202E} customers”; it will be asked with the others.');
    expect(screen.getByTestId('tool-card').textContent).toContain('Not asked yet');
    expect(screen.getByTestId('tool-card').textContent).not.toContain('Working');
  });

  it.each([
    ['told by the engine', { status: 'aborted' as const, output: { status: 'aborted', message: 'The person stopped the run.' }, durationMs: 0 }],
    ['its program was killed', {}],
  ])('says that nothing was sent where its run ended first: %s', (_why, end) => {
    render(ToolCard, { facts: FACTS, call: { ...collected, collectedFor: 'Two customers', ...end }, over: true });
    expect(said()).toBe('Collected for “Two customers” and dropped: the run ended before you were asked. Nothing was sent.');
    expect(screen.getByTestId('tool-card').classList.contains('failed')).toBe(false);
    expect(screen.getByTestId('tool-card').textContent).toContain('Not sent');
    expect(screen.getByTestId('tool-card').textContent).not.toMatch(/Interrupted|\d ms/);
  });

  it('gives way to the question once a person is asked', () => {
    const change = updateCustomer('call_1');
    const request = { approval_id: 'a', changes: [change], left_out: [] } as unknown as ApprovalView['request'];
    const facts: Facts = { ...FACTS, approvals: new Map([['a', { request, state: 'aborted', by: 'engine', reason: null, resolved_at: null }]]) };
    render(ToolCard, { facts, call: { ...collected, status: 'aborted', output: {} }, over: true });
    expect(said()).toBeUndefined();
    expect(screen.getByTestId('write-card').textContent).toContain('Aborted before an answer. Nothing was changed.');
  });
});
