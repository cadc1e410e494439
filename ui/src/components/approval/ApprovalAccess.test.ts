/** What keeps a hurried hand from approving, and the dialog within reach of who does not see it or has no pointer. */
import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectionOf, createOrder, hostileUpdate, postInvoice, raiseLimits, updateCustomer } from '../../lib/backend/sample/records';
import { summaryOf } from '../../lib/approval/words';
import { revised } from '../../lib/backend/sample/revise';
import type { ApprovalRequest, ApprovalView, ChangePreview, ReviewDecision } from '../../lib/protocol';
import { approvals } from '../../lib/stores/approvals.svelte';
import { useBackend } from '../../test/fakeBackend';
import ApprovalDialog from './ApprovalDialog.svelte';

const START = Date.parse('2026-11-21T08:00:00Z');
let sent: ReviewDecision[];

function requestOf(changes: ChangePreview[], more: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    approval_id: 'a1',
    change_set_id: 'set',
    session_id: 's',
    run_id: 'r',
    digest: 'digest-a1',
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

const viewOf = (request: ApprovalRequest): ApprovalView => ({ request, state: 'pending', by: null, reason: null, resolved_at: null });

function open(request = requestOf([updateCustomer('c1')])) {
  approvals.pending = [viewOf(request)];
  approvals.current = viewOf(request);
  const rendered = render(ApprovalDialog, { approval: viewOf(request), onpropose: () => undefined, onleave: () => undefined });
  return (next: ApprovalView) => rendered.rerender({ approval: next });
}

const dialog = () => screen.getByTestId('approval-dialog');
const button = (name: string) => screen.getByTestId(`approval-${name}`);
const news = () => screen.getByTestId('approval-news').textContent;
const settled = async () => {
  for (let turn = 0; turn < 6; turn += 1) await Promise.resolve();
  await tick();
};
const approveByKey = (on: Element = dialog()) => fireEvent.keyDown(on, { key: 'Enter', ctrlKey: true });

beforeEach(() => {
  sent = [];
  vi.useFakeTimers({ now: START, toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'Date', 'performance'] });
  useBackend({
    answerApproval: async (answer) => {
      sent.push(answer);
      return answer.verdict === 'approve' ? 'approved' : 'rejected';
    },
    listApprovals: async () => [...approvals.pending],
  });
});

afterEach(() => {
  approvals.pending = [];
  approvals.current = null;
  vi.useRealTimers();
});

describe('what is no approval', () => {
  it('is Ctrl+Enter of somebody who goes on typing: in the composer it sends', async () => {
    open();
    for (let at = 0; at < 900; at += 100) {
      await fireEvent.keyDown(button('reject'), { key: 'x' });
      vi.advanceTimersByTime(100);
    }
    await approveByKey();
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(500);
    await approveByKey();
    expect(sent).toMatchObject([{ verdict: 'approve' }]);
  });

  it('is Ctrl+Enter where somebody has just written why not', async () => {
    open();
    vi.advanceTimersByTime(600);
    await fireEvent.click(screen.getByText('Say why …'), { detail: 1 });
    await settled();
    const reason = button('reason');
    expect(document.activeElement).toBe(reason);
    await fireEvent.input(reason, { target: { value: 'Not this month' } });
    await approveByKey(reason);
    expect(sent).toMatchObject([{ verdict: 'reject', reason: 'Not this month' }]);
  });

  it('is a press that began before the dialog took answers, nor the second one of a double click', async () => {
    open();
    vi.advanceTimersByTime(450);
    await fireEvent.mouseDown(button('approve'), { detail: 1 });
    vi.advanceTimersByTime(200);
    await fireEvent.click(button('approve'), { detail: 1 });
    await fireEvent.mouseDown(button('approve'), { detail: 2 });
    await fireEvent.click(button('approve'), { detail: 2 });
    expect(sent).toEqual([]);
    await fireEvent.mouseDown(button('approve'), { detail: 1 });
    await fireEvent.click(button('approve'), { detail: 1 });
    expect(sent).toHaveLength(1);
  });

  it('is Enter on the button, and it says which key is', async () => {
    open();
    vi.advanceTimersByTime(600);
    await fireEvent.keyDown(button('approve'), { key: 'Enter' });
    await fireEvent.click(button('approve'), { detail: 0 });
    expect(sent).toEqual([]);
    expect(news()).toMatch(/^Press .*Enter to approve\.$/);
    expect(button('hint').textContent).toBe(news());
  });

  it('is anything before the number was typed, and the field for it is shown the way to', async () => {
    open(requestOf(raiseLimits(Array.from({ length: 51 }, (_, at) => `l${at}`)), { typed: '51' }));
    await settled();
    vi.advanceTimersByTime(600);
    await approveByKey();
    expect(sent).toEqual([]);
    expect(news()).toBe('Type 51 first.');
    expect(document.activeElement).toBe(button('typed'));
    await fireEvent.input(button('typed'), { target: { value: '51' } });
    await approveByKey(button('typed'));
    expect(sent).toMatchObject([{ verdict: 'approve', typed: '51' }]);
  });
});

describe('the focus', () => {
  it('stays on the button while the answer is on its way, and when it fails', async () => {
    let fail = (_: unknown): void => undefined;
    useBackend({ answerApproval: () => new Promise((_, reject) => (fail = reject)), listApprovals: async () => [...approvals.pending] });
    open();
    await settled();
    vi.advanceTimersByTime(600);
    await fireEvent.keyDown(dialog(), { key: 'r' });
    await settled();
    expect(button('reject').getAttribute('aria-disabled')).toBe('true');
    expect(button('reject')).not.toHaveProperty('disabled', true);
    expect(document.activeElement).toBe(button('reject'));
    fail({ code: 'store', message: 'The disk is full.', retryable: true });
    await settled();
    expect(button('reject').getAttribute('aria-disabled')).toBe('false');
    expect(document.activeElement).toBe(button('reject'));
  });

  it('stays on the box of a write that is taken out', async () => {
    const first = requestOf([updateCustomer('c1'), createOrder('c2'), postInvoice('c3')], { approval_id: 'a3' });
    approvals.applyEvents([{ seq: 1, at: first.requested_at, type: 'approval_requested', ...first }]);
    useBackend({ reviseApproval: async (revision) => revised(first, first, revision), listApprovals: async () => [...approvals.pending] });
    const follow = open(first);
    await settled();
    const box = screen.getAllByTestId<HTMLInputElement>('change-included')[1];
    box?.focus();
    await fireEvent.click(box ?? dialog());
    expect(document.activeElement).toBe(box);
    expect(box).not.toHaveProperty('disabled', true);
    await settled();
    await follow(approvals.current ?? viewOf(first));
    expect(document.activeElement).toBe(box);
    expect(news()).toMatch(/^Edited\. It is shown anew: 2 changes, decided together, digest /);
  });
});

describe('what is read out', () => {
  const description = () => document.getElementById(dialog().getAttribute('aria-describedby') ?? '')?.textContent ?? '';

  it('is what it is about, in a few sentences', () => {
    open();
    expect(description()).toBe('Production, Nordby AS. Payment terms: from 14 DAYS · Net 14 days to 30 DAYS · Net 30 days. Credit limit: from 50,000.00 to 75,000.00. Warning: Balance due is 48,210.00 NOK, 31 days late.');
  });

  it('is short, however long the question is, and hides no character', () => {
    const long = { ...hostileUpdate('c0'), title: 'Pay\u202e'.repeat(5_000) };
    const text = summaryOf(requestOf([long, ...raiseLimits(Array.from({ length: 499 }, (_, at) => `l${at}`)), postInvoice('p')]));
    expect(text.length).toBeLessThan(1_500);
    expect(text).not.toContain('\u202e');
    expect(text).toMatch(/and 498 more\. .*warnings\. 1 cannot be undone\.$/);
  });

  it('is another question that takes the place, and the end of the time, but not the first one twice', async () => {
    const follow = open();
    expect(news()).toBe('');
    const next = viewOf(requestOf([postInvoice('c2')], { approval_id: 'a2', digest: 'digest-a2' }));
    approvals.current = next;
    await follow(next);
    expect(news()).toMatch(/^Another question: Post sales invoice 102011 to Fjordlys AS\. .*Cannot be undone\.$/);
    vi.advanceTimersByTime(301_000);
    await tick();
    expect(news()).toBe('Expired. Nothing was changed.');
  });

  it('is how grave the questions of the row are', () => {
    const grave = requestOf([postInvoice('c1')]);
    const other = requestOf([updateCustomer('c2')], { approval_id: 'a2', priority: 'low' });
    approvals.pending = [viewOf(grave), viewOf(other)];
    approvals.current = viewOf(grave);
    render(ApprovalDialog, { approval: viewOf(grave), onpropose: () => undefined, onleave: () => undefined });
    const names = within(screen.getByTestId('approval-queue')).getAllByRole('button', { hidden: true }).map(({ textContent }) => textContent?.trim());
    expect(names).toEqual(['High priority: Post sales invoice 102011 to Fjordlys AS', 'Change customer 10020 Fjordlys AS']);
  });
});

describe('a long set', () => {
  it('is drawn to its last row, the first of them at once', async () => {
    open(requestOf(raiseLimits(Array.from({ length: 130 }, (_, at) => `l${at}`)), { typed: '130' }));
    const rows = () => screen.getAllByTestId('change-row').length;
    expect(rows()).toBeGreaterThan(20);
    expect(rows()).toBeLessThan(130);
    vi.advanceTimersByTime(40);
    await tick();
    expect(rows()).toBe(130);
  });

  it('shows the warnings of its closed lines, and all of a line that is opened', async () => {
    const mixed = Array.from({ length: 24 }, (_, at) => (at % 2 === 0 ? updateCustomer(`u${at}`) : createOrder(`o${at}`)));
    open(requestOf(mixed));
    const [line] = screen.getAllByTestId<HTMLDetailsElement>('change-line');
    expect(line?.open).toBe(false);
    expect(line?.textContent).toContain('Balance due is 48,210.00 NOK, 31 days late.');
    expect(line?.textContent).not.toContain('75,000.00');
    if (line !== undefined) line.open = true;
    await fireEvent(line ?? dialog(), new Event('toggle'));
    expect(line?.textContent).toContain('75,000.00');
  });
});
