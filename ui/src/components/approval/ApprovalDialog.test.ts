import { fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectionOf, createOrder, hostileUpdate, postInvoice, updateCustomer } from '../../lib/backend/sample/records';
import type { ApprovalView, ChangePreview, Decision, ReviewDecision } from '../../lib/protocol';
import { approvals } from '../../lib/stores/approvals.svelte';
import { useBackend } from '../../test/fakeBackend';
import ApprovalDialog from './ApprovalDialog.svelte';

const START = Date.parse('2026-11-21T08:00:00Z');
let sent: ReviewDecision[];
let decision: Decision;

function approval(changes: ChangePreview[] = [updateCustomer('c1')], id = 'a1'): ApprovalView {
  return {
    request: {
      approval_id: id,
      change_set_id: 'set',
      session_id: 's',
      run_id: 'r',
      digest: `digest-${id}`,
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
    },
    state: 'pending',
    by: null,
    reason: null,
    resolved_at: null,
  };
}

function open(view = approval()) {
  approvals.pending = [view];
  approvals.current = view;
  const onpropose = vi.fn();
  const rendered = render(ApprovalDialog, { approval: view, onpropose, onleave: () => undefined });
  return { ...rendered, onpropose };
}

const dialog = () => screen.getByTestId('approval-dialog');
const button = (name: string) => screen.getByTestId(`approval-${name}`);
/** A click of the pointer; a click made by a key has detail 0. */
const pointerClick = (element: Element) => fireEvent.click(element, { detail: 1 });

beforeEach(() => {
  sent = [];
  decision = 'approved';
  vi.useFakeTimers({ now: START, toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'Date', 'performance'] });
  useBackend({
    answerApproval: async (answer) => {
      sent.push(answer);
      return decision;
    },
  });
});

afterEach(() => {
  approvals.pending = [];
  approvals.current = null;
  vi.useRealTimers();
});

describe('the approval dialog', () => {
  it('shows the title of a set as the words of the agent, and nothing invisible in it', () => {
    const view = approval([updateCustomer('c1'), createOrder('c2')]);
    open({ ...view, request: { ...view.request, title: 'Month\u202eend' } });
    expect(screen.getByTestId('approval-title').textContent).toMatch(/^The agent calls it “Month.*202e.*end”$/i);
    expect(screen.getByTestId('approval-title').textContent).not.toContain('\u202e');
    expect(document.getElementById(dialog().getAttribute('aria-labelledby') ?? '')?.textContent).toBe('2 changes, decided together');
  });

  it('has no such line where the agent gave no title', () => {
    open(approval([updateCustomer('c1'), createOrder('c2')]));
    expect(screen.queryByTestId('approval-title')).toBeNull();
  });

  it('is a labelled alert dialog with the focus on Reject', async () => {
    open();
    await tick();
    await tick();
    expect(dialog().getAttribute('role')).toBe('alertdialog');
    const title = document.getElementById(dialog().getAttribute('aria-labelledby') ?? '');
    expect(title?.textContent).toContain('Change customer 10020 Fjordlys AS');
    expect(document.activeElement).toBe(button('reject'));
  });

  it('takes no click and no key in the first half second', async () => {
    open();
    vi.advanceTimersByTime(499);
    await pointerClick(button('approve'));
    await pointerClick(button('reject'));
    await fireEvent.keyDown(dialog(), { key: 'Enter', ctrlKey: true });
    await fireEvent.keyDown(dialog(), { key: 'r' });
    expect(sent).toEqual([]);
  });

  it('approves by click with the digest that was shown', async () => {
    open();
    vi.advanceTimersByTime(500);
    await pointerClick(button('approve'));
    expect(sent).toEqual([{ approval_id: 'a1', digest: 'digest-a1', typed: null, verdict: 'approve' }]);
  });

  it('approves by Ctrl+Enter, and not by its repetition', async () => {
    open();
    vi.advanceTimersByTime(600);
    await fireEvent.keyDown(dialog(), { key: 'Enter', ctrlKey: true, repeat: true });
    expect(sent).toEqual([]);
    await fireEvent.keyDown(dialog(), { key: 'Enter', ctrlKey: true });
    expect(sent).toHaveLength(1);
  });

  it('does not approve by Enter or Space on the button', async () => {
    open();
    vi.advanceTimersByTime(600);
    for (const key of ['Enter', ' ']) {
      await fireEvent.keyDown(button('approve'), { key });
      await fireEvent.click(button('approve'), { detail: 0 });
    }
    expect(sent).toEqual([]);
  });

  it('rejects by R, by Enter on Reject, and with a reason', async () => {
    decision = 'rejected';
    const first = open();
    vi.advanceTimersByTime(600);
    await fireEvent.keyDown(dialog(), { key: 'r' });
    expect(sent).toEqual([{ approval_id: 'a1', digest: 'digest-a1', typed: null, verdict: 'reject', reason: null }]);
    first.unmount();

    open();
    vi.advanceTimersByTime(600);
    await fireEvent.click(screen.getByText('Say why …'), { detail: 1 });
    await fireEvent.input(screen.getByTestId('approval-reason'), { target: { value: 'Not this month' } });
    await fireEvent.click(button('reject'), { detail: 1 });
    expect(sent[1]).toMatchObject({ verdict: 'reject', reason: 'Not this month' });
  });

  it('goes aside on Escape: neither approved nor rejected, still waiting', async () => {
    open();
    vi.advanceTimersByTime(600);
    const heard = vi.fn();
    window.addEventListener('keydown', heard);
    await fireEvent.keyDown(dialog(), { key: 'Escape' });
    window.removeEventListener('keydown', heard);
    expect(sent).toEqual([]);
    expect(approvals.current).toBeNull();
    expect(approvals.pending).toHaveLength(1);
    // Nor does the key reach the window, where it would stop the run.
    expect(heard).not.toHaveBeenCalled();
  });

  it('begins the half second anew when another question takes its place', async () => {
    const { rerender } = open();
    vi.advanceTimersByTime(600);
    const next = approval([postInvoice('c2')], 'a2');
    approvals.current = next;
    await rerender({ approval: next });
    vi.advanceTimersByTime(400);
    await pointerClick(button('approve'));
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(100);
    await pointerClick(button('approve'));
    expect(sent).toMatchObject([{ approval_id: 'a2' }]);
  });

  it('counts down, warns in the last minute, and expires by itself', async () => {
    const { onpropose } = open();
    await tick();
    expect(button('countdown').textContent).toContain('5:00');
    vi.advanceTimersByTime(48_000);
    await tick();
    expect(button('countdown').textContent).toContain('4:12');
    expect(button('countdown').dataset['warning']).toBe('false');
    vi.advanceTimersByTime(193_000);
    await tick();
    expect(button('countdown').dataset['warning']).toBe('true');
    vi.advanceTimersByTime(60_000);
    await tick();
    expect(button('expired').textContent).toBe('Expired. Nothing was changed.');
    expect(screen.queryByTestId('approval-approve')).toBeNull();
    await fireEvent.keyDown(dialog(), { key: 'Enter', ctrlKey: true });
    expect(sent).toEqual([]);
    await fireEvent.click(button('again'), { detail: 1 });
    expect(onpropose).toHaveBeenCalledWith(expect.stringContaining('Change customer 10020 Fjordlys AS'), 's');
  });

  it('says when another answer was first', async () => {
    decision = 'expired';
    open();
    vi.advanceTimersByTime(600);
    await pointerClick(button('approve'));
    await tick();
    expect(approvals.current?.state).toBe('expired');
  });
});

describe('what it shows', () => {
  it('has before and after, remarks, undo and the request with its bytes', () => {
    open();
    const text = dialog().textContent ?? '';
    for (const words of ['Payment terms', '14 DAYS · Net 14 days', '30 DAYS · Net 30 days', '50,000.00', '75,000.00', '31 days late', 'Can be undone', 'PATCH', 'W/"JzE5', '"creditLimit":75000.00', 'Production', '7c1e90ab']) {
      expect(text).toContain(words);
    }
  });

  it('lists every write of a set, and every line of a document', () => {
    open(approval([createOrder('c1'), postInvoice('c2')]));
    const text = dialog().textContent ?? '';
    for (const words of ['2 changes', 'Approve all 2', 'NARVIK Desk', 'RØROS Lamp', 'NARVIK Mobile Pedestal', 'Cannot be undone']) expect(text).toContain(words);
  });

  it('hides nothing that cannot be seen', () => {
    open(approval([hostileUpdate('c1')]));
    const text = dialog().textContent ?? '';
    expect(text).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u200B\u00A0]|\u{E0041}/u);
    for (const escape of ['\\u{202E}', '\\u{200B}', '\\u{2066}', '\\u{E0041}', '\\u{00A0}']) expect(text).toContain(escape);
  });
});
