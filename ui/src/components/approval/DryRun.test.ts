import { render, screen, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { connectionOf, createOrder, updateCustomer } from '../../lib/backend/sample/records';
import type { ApprovalRequest, ChangePreview, DryRun, FieldChange } from '../../lib/protocol';
import ChangeSet from './ChangeSet.svelte';

const fill = (name: string, caption: string, before: string | null, after: string): FieldChange => ({ name, caption, kind: 'text', before, after, before_label: null, after_label: null, editor: null, proposed: null });

function show(changes: ChangePreview[], dryRun: DryRun | null) {
  const at = new Date('2026-11-21T08:00:00Z').toISOString();
  const request: ApprovalRequest = {
    approval_id: 'a',
    change_set_id: 'set',
    session_id: 's',
    run_id: 'r',
    digest: 'd'.repeat(64),
    priority: 'medium',
    requested_at: at,
    expires_at: at,
    connection: connectionOf('sandbox'),
    changes,
    left_out: [],
    title: null,
    revision: 0,
    typed: null,
    dry_run: dryRun,
  };
  render(ChangeSet, { request, first: request, reviser: null });
}

describe('what came of trying a set out', () => {
  it('says what would be filled in, line by line, and hides nothing in it', () => {
    const change = updateCustomer('c1');
    const fills = [fill('number', 'No.', null, 'C00010'), fill('salesOrderLines[1].description', 'Description', 'A', 'B\u202eC')];
    show([change], { kind: 'tried', writes: [{ change_id: change.change_id, outcome: { kind: 'would_work', fills } }] });
    const note = screen.getByTestId('dry-run');
    expect(note.textContent).toMatch(/Tried out\..*Business Central would take it, and fill in:.*No\..*C00010.*Line 2 · Description.*A.*B/s);
    expect(note.textContent).not.toContain('\u202e');
    expect(screen.queryByTestId('dry-run-note')).toBeNull();
  });

  it('gives each write of a set its own outcome, and one sentence for all that would work', () => {
    const [one, other] = [updateCustomer('c1'), createOrder('c2')];
    const works = (change: ChangePreview) => ({ change_id: change.change_id, outcome: { kind: 'would_work' as const, fills: [] } });
    show([one, other], { kind: 'tried', writes: [works(one), works(other)] });
    expect(screen.getByTestId('dry-run-note').textContent).toContain('would take all 2 changes');
    expect(screen.getAllByTestId('dry-run').map((note) => note.dataset.outcome)).toEqual(['would_work', 'would_work']);
  });

  it('says of each write what is not known and what would be refused', () => {
    const [one, other] = [updateCustomer('c1'), createOrder('c2')];
    const failed = { change_id: one.change_id, outcome: { kind: 'would_fail' as const, code: 'Application_DialogException', message: 'The customer is blocked.' } };
    show([one, other], { kind: 'tried', writes: [failed, { change_id: other.change_id, outcome: { kind: 'not_known', why: 'An earlier change would not go through.' } }] });
    expect(screen.queryByTestId('dry-run-note')).toBeNull();
    const [first, second] = screen.getAllByTestId('change-line').map((line) => within(line).getByTestId('dry-run').textContent);
    expect(first).toMatch(/would refuse it\..*The customer is blocked\..*Application_DialogException/s);
    expect(second).toContain('nothing can be said');
  });

  it('says why a set was not tried out, and nothing at all where that is off', () => {
    show([updateCustomer('c1')], { kind: 'not_tried', why: 'Actions, such as posting, are never tried out.' });
    expect(screen.getByTestId('dry-run-note').textContent).toContain('Not tried out. Actions');
    expect(screen.queryByTestId('dry-run')).toBeNull();
    document.body.innerHTML = '';
    show([updateCustomer('c1')], null);
    expect(screen.queryByTestId('dry-run-note')).toBeNull();
  });
});
