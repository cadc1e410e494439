import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectionOf, createOrder, postInvoice, raiseLimits, updateCustomer } from '../../lib/backend/sample/records';
import { lookup, revised } from '../../lib/backend/sample/revise';
import type { ApprovalRequest, ApprovalView, ChangePreview, ReviewDecision, Revision } from '../../lib/protocol';
import { approvals } from '../../lib/stores/approvals.svelte';
import { useBackend } from '../../test/fakeBackend';
import ApprovalDialog from './ApprovalDialog.svelte';

const START = Date.parse('2026-11-21T08:00:00Z');
let sent: ReviewDecision[];
let asked: Revision[];
let questions = 0;

function requestOf(changes: ChangePreview[], more: Partial<ApprovalRequest> = {}): ApprovalRequest {
  questions += 1;
  return {
    approval_id: `q${questions}`,
    change_set_id: 'set',
    session_id: 's',
    run_id: 'r',
    digest: `digest-${questions}`,
    priority: 'high',
    requested_at: new Date(START).toISOString(),
    expires_at: new Date(START + 300_000).toISOString(),
    connection: connectionOf('production'),
    changes,
    left_out: [],
    title: null,
    revision: 0,
    typed: null,
    dry_run: null,
    ...more,
  };
}

/** Opens the dialog as the window does: it follows the store. */
async function open(request: ApprovalRequest) {
  const first = request;
  let now = request;
  useBackend({
    answerApproval: async (answer) => {
      sent.push(answer);
      return 'approved';
    },
    reviseApproval: async (revision) => {
      asked.push(revision);
      return (now = revised(now, first, revision));
    },
    lookupRecords: async ({ entity, words }) => lookup(entity, words),
    listApprovals: async () => [viewOf(now)],
  });
  approvals.pending = [];
  approvals.current = null;
  approvals.applyEvents([{ seq: 1, at: first.requested_at, type: 'approval_requested', ...first }]);
  approvals.open(first.approval_id);
  const rendered = render(ApprovalDialog, { approval: current(), onpropose: () => undefined, onleave: () => undefined });
  vi.advanceTimersByTime(600);
  await tick();
  return async () => {
    await settled();
    if (approvals.current !== null) await rendered.rerender({ approval: current() });
  };
}

const viewOf = (request: ApprovalRequest): ApprovalView => ({ request, state: 'pending', by: null, reason: null, resolved_at: null });
const current = (): ApprovalView => approvals.current ?? never();
const dialog = () => screen.getByTestId('approval-dialog');
const row = (name: string) => dialog().querySelector<HTMLElement>(`[data-field="${name}"]`) ?? never();
const pencil = (name: string) => within(row(name)).getByTestId('field-edit');
const approve = () => fireEvent.click(screen.getByTestId('approval-approve'), { detail: 1 });
const settled = async () => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  await tick();
};

async function type(name: string, text: string, key = 'Enter') {
  await fireEvent.click(pencil(name), { detail: 1 });
  const input = within(row(name)).getByTestId<HTMLInputElement>('editor-input');
  await fireEvent.input(input, { target: { value: text } });
  await fireEvent.keyDown(input, { key });
}

beforeEach(() => {
  sent = [];
  asked = [];
  vi.spyOn(document, 'hasFocus').mockReturnValue(true);
  vi.useFakeTimers({ now: START, toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'Date', 'performance'] });
});

afterEach(() => {
  approvals.pending = [];
  approvals.current = null;
  vi.useRealTimers();
});

describe('editing a value', () => {
  it('asks the engine for the question anew, shows both values, and arms anew', async () => {
    const update = await open(requestOf([updateCustomer('c1')]));
    await type('creditLimit', '60,000.5');
    await update();
    expect(asked).toEqual([{ approval_id: current().request.approval_id, digest: `digest-${questions}`, edits: [{ change_id: 'change-c1', name: 'creditLimit', value: '60000.5' }], leave_out: [] }]);
    const revisedDigest = current().request.digest;
    expect(row('creditLimit').textContent).toMatch(/75,000\.00.*60,000\.50/s);
    expect(within(row('creditLimit')).getByTestId('field-proposed').tagName).toBe('DEL');
    expect(within(row('creditLimit')).getByTestId('field-edited').textContent).toBe('edited');
    await approve();
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(500);
    await approve();
    expect(sent).toMatchObject([{ verdict: 'approve', digest: revisedDigest }]);
    expect(revisedDigest).not.toBe(`digest-${questions}`);
  });

  it('keeps the lines of a text, and their kind of break', async () => {
    const [field] = updateCustomer('c1').fields;
    if (field === undefined) return never();
    const note = { ...field, name: 'note', caption: 'Note', kind: 'text' as const, before: null, after: 'one\r\ntwo', before_label: null, after_label: null, editor: { options: [], relation: null, max_length: null } };
    const update = await open(requestOf([{ ...updateCustomer('c1'), fields: [note] }]));
    await fireEvent.click(pencil('note'), { detail: 1 });
    const input = within(row('note')).getByTestId<HTMLTextAreaElement>('editor-input');
    expect(input.tagName).toBe('TEXTAREA');
    await fireEvent.keyDown(input, { key: 'Enter', shiftKey: true });
    await fireEvent.input(input, { target: { value: 'one\ntwo\nthree' } });
    await fireEvent.keyDown(input, { key: 'Enter' });
    await update();
    expect(asked.map(({ edits }) => edits)).toEqual([[{ change_id: 'change-c1', name: 'note', value: 'one\r\ntwo\r\nthree' }]]);
    expect(sent).toEqual([]);
  });

  it('sends all earlier edits with each new one, and takes one back', async () => {
    const update = await open(requestOf([updateCustomer('c1')]));
    await type('creditLimit', '60000');
    await update();
    await fireEvent.click(screen.getByText(/Show 1 that stays/), { detail: 1 });
    await type('currencyCode', 'eur');
    await update();
    expect(asked[1]?.edits).toEqual([
      { change_id: 'change-c1', name: 'creditLimit', value: '60000' },
      { change_id: 'change-c1', name: 'currencyCode', value: 'EUR' },
    ]);
    await fireEvent.click(within(row('creditLimit')).getByTestId('field-reset'), { detail: 1 });
    await update();
    expect(asked[2]?.edits).toEqual([{ change_id: 'change-c1', name: 'currencyCode', value: 'EUR' }]);
    expect(within(row('creditLimit')).queryByTestId('field-edited')).toBeNull();
  });

  it('sends nothing for what is no number, says so, and cannot be approved meanwhile', async () => {
    await open(requestOf([updateCustomer('c1')]));
    await type('creditLimit', '7.5.0');
    expect(row('creditLimit').textContent).toContain('Write it like 1,234.5');
    expect(screen.getByTestId('approval-approve').getAttribute('aria-disabled')).toBe('true');
    await fireEvent.keyDown(dialog(), { key: 'Enter', ctrlKey: true });
    expect([asked, sent]).toEqual([[], []]);
  });

  it('says what the engine refused and keeps the editor open', async () => {
    const update = await open(requestOf([updateCustomer('c1')]));
    await type('creditLimit', '2,000,000');
    await update();
    expect(row('creditLimit').textContent).toContain('may be at most 1,000,000');
    expect(current().request.revision).toBe(0);
  });

  it('leaves the value on Escape, and leaves the question open', async () => {
    await open(requestOf([updateCustomer('c1')]));
    await type('creditLimit', '1', 'Escape');
    expect(within(row('creditLimit')).queryByTestId('field-editor')).toBeNull();
    expect([asked, sent]).toEqual([[], []]);
    expect(approvals.current).not.toBeNull();
  });

  it('neither approves nor rejects by a key pressed in an editor', async () => {
    await open(requestOf([updateCustomer('c1')]));
    await fireEvent.click(pencil('creditLimit'), { detail: 1 });
    const input = screen.getByTestId('editor-input');
    for (const key of ['r', 'R', 'Enter']) await fireEvent.keyDown(input, { key });
    await fireEvent.click(pencil('creditLimit'), { detail: 1 });
    await fireEvent.keyDown(screen.getByTestId('editor-input'), { key: 'Enter', ctrlKey: true });
    expect(sent).toEqual([]);
  });

  it('shows the change when the editor is left', async () => {
    const update = await open(requestOf([updateCustomer('c1')]));
    await fireEvent.click(pencil('creditLimit'), { detail: 1 });
    const input = screen.getByTestId<HTMLInputElement>('editor-input');
    await fireEvent.input(input, { target: { value: '61,000' } });
    await fireEvent.focusOut(input, { relatedTarget: screen.getByTestId('approval-reject') });
    await update();
    expect(asked[0]?.edits[0]?.value).toBe('61000');
  });

  it('finds a related record by words, with the keys', async () => {
    const update = await open(requestOf([updateCustomer('c1')]));
    await fireEvent.click(pencil('paymentTermsId'), { detail: 1 });
    const input = screen.getByTestId('lookup-input');
    await fireEvent.input(input, { target: { value: 'days' } });
    vi.advanceTimersByTime(199);
    await settled();
    await fireEvent.input(input, { target: { value: 'net' } });
    vi.advanceTimersByTime(200);
    await settled();
    expect(screen.getAllByTestId('lookup-hit').map(({ textContent }) => textContent?.trim())).toEqual(['8 DAYS · Net 8 days', '14 DAYS · Net 14 days', '30 DAYS · Net 30 days']);
    await fireEvent.keyDown(input, { key: 'ArrowUp' });
    await fireEvent.keyDown(input, { key: 'ArrowDown' });
    expect(input.getAttribute('aria-activedescendant')).toBe(screen.getAllByTestId('lookup-hit')[0]?.id);
    await fireEvent.keyDown(input, { key: 'Enter' });
    await update();
    expect(row('paymentTermsId').textContent).toMatch(/30 DAYS.*8 DAYS · Net 8 days/s);
  });

  it('has an editor for a line of a document', async () => {
    const update = await open(requestOf([createOrder('c1')]));
    await type('salesOrderLines[1].quantity', '9');
    await update();
    expect(asked[0]?.edits).toEqual([{ change_id: 'change-c1', name: 'salesOrderLines[1].quantity', value: '9' }]);
  });

  it('has no editor where the engine gives none', async () => {
    await open(requestOf([postInvoice('c1')]));
    expect(screen.queryByTestId('field-edit')).toBeNull();
  });
});

describe('a set', () => {
  it('shows alike writes as a table, and takes out and puts back a line', async () => {
    const update = await open(requestOf(raiseLimits(['a', 'b', 'c'])));
    const rows = screen.getAllByTestId('change-row');
    expect(rows).toHaveLength(3);
    expect(screen.getByTestId('change-table').textContent).toContain('This customer is blocked for shipping.');
    await fireEvent.click(screen.getAllByTestId('change-included')[1] ?? never());
    await update();
    expect(asked[0]?.leave_out).toEqual(['change-b']);
    expect(screen.getAllByTestId('change-row').map(({ dataset }) => dataset['leftOut'])).toEqual(['false', 'true', 'false']);
    expect(screen.getByTestId('approval-approve').textContent).toContain('Approve all 2');
    await fireEvent.click(screen.getAllByTestId('change-included')[1] ?? never());
    await update();
    expect(asked[1]?.leave_out).toEqual([]);
  });

  it('keeps at least one write, and an edit over a taken-out line', async () => {
    const update = await open(requestOf([updateCustomer('c1'), postInvoice('c2')]));
    await type('creditLimit', '60000');
    await update();
    await fireEvent.click(screen.getAllByTestId('change-included')[1] ?? never());
    await update();
    expect(asked[1]).toMatchObject({ edits: [{ name: 'creditLimit', value: '60000' }], leave_out: ['change-c2'] });
    expect(screen.getAllByTestId('change-included').map((box) => box.getAttribute('aria-disabled'))).toEqual(['true', 'false']);
  });

  it('wants the words typed before it can be approved', async () => {
    await open(requestOf(raiseLimits(['a', 'b']), { typed: '2 writes' }));
    await approve();
    await fireEvent.keyDown(dialog(), { key: 'Enter', ctrlKey: true });
    const field = screen.getByTestId('approval-typed');
    await fireEvent.input(field, { target: { value: '2 write' } });
    await fireEvent.keyDown(field, { key: 'Enter' });
    await approve();
    expect(sent).toEqual([]);
    await fireEvent.input(field, { target: { value: '2 writes' } });
    await fireEvent.keyDown(field, { key: 'Enter' });
    expect(sent).toEqual([]);
    await approve();
    expect(sent).toMatchObject([{ typed: '2 writes', verdict: 'approve' }]);
  });
});

describe('an undo', () => {
  it('shows what it takes back and what others changed since, field by field', async () => {
    const change: ChangePreview = { ...updateCustomer('c1'), undoes: 'change-c0', conflicts: [{ name: 'creditLimit', caption: 'Credit limit', expected: '75000.00', now: '82500.00' }] };
    await open(requestOf([change], { title: 'Undo' }));
    const conflicts = screen.getByTestId('approval-conflicts');
    expect([...conflicts.querySelectorAll('tbody td')].map(({ textContent }) => textContent?.trim())).toEqual(['75,000.00', '82,500.00', '75,000.00']);
    expect(dialog().textContent).toContain('takes back what was written');
  });
});

describe('the queue', () => {
  it('shows the first three questions, counts the rest, and goes from one to another', async () => {
    await open(requestOf([updateCustomer('c1')]));
    const others = Array.from({ length: 4 }, (_, at) => requestOf([postInvoice(`p${at}`)]));
    approvals.applyEvents(others.map((request) => ({ seq: 2, at: request.requested_at, type: 'approval_requested', ...request })));
    await tick();
    const queue = screen.getByTestId('approval-queue');
    expect(within(queue).getAllByRole('button')).toHaveLength(3);
    expect(queue.textContent).toContain('and 2 more');
    await fireEvent.click(within(queue).getAllByRole('button').find((button) => button.getAttribute('aria-current') === null) ?? never());
    expect(others.map(({ approval_id }) => approval_id)).toContain(current().request.approval_id);
    expect(sent).toEqual([]);
  });
});

function never(): never {
  throw new Error('It is not there.');
}
