/** The approvals that wait for a person: which one is on screen, which are put aside, and the answers given. */
import { inOrder, isWaiting } from '../approval/queue';
import { asUserError } from '../backend/backend';
import type { AgentEvent, ApprovalId, ApprovalView, Decision, ReviewVerdict, RunId } from '../protocol';
import { engine } from './engine.svelte';
import { toasts } from './toasts.svelte';

class Approvals {
  pending = $state.raw<readonly ApprovalView[]>([]);
  /** The one in the dialog. It stays there until it is answered, put aside or dismissed; nothing slides in under the pointer. */
  current = $state.raw<ApprovalView | null>(null);
  answering = $state(false);
  #aside = new Set<ApprovalId>();
  /** Runs of this window: their questions open by themselves, others wait in the list. */
  #ours = new Set<RunId>();

  /** How often the list was asked for, and how many events have come. */
  #asked = 0;
  #news = 0;

  ourRun(runId: RunId): void {
    this.#ours.add(runId);
    this.openNext();
  }

  /** Asks for the list. One that is older than another question or than an event is not taken. */
  async refresh(): Promise<void> {
    const asked = ++this.#asked;
    const news = this.#news;
    try {
      const list = await engine.backend.listApprovals();
      if (asked !== this.#asked) return;
      if (news !== this.#news) return this.refresh();
      this.pending = inOrder(list);
    } catch (thrown) {
      toasts.error(asUserError(thrown).message);
      return;
    }
    this.#followCurrent();
    this.openNext();
  }

  /** Takes news of a run, which come faster than a new list. */
  applyEvents(events: readonly AgentEvent[]): void {
    for (const event of events) {
      if (event.type === 'approval_requested') {
        this.#news += 1;
        const known = this.pending.some((approval) => approval.request.approval_id === event.approval_id);
        const view: ApprovalView = { request: event, state: 'pending', by: null, reason: null, resolved_at: null };
        if (!known) this.pending = inOrder([...this.pending, view]);
        this.openNext();
      } else if (event.type === 'approval_resolved') {
        this.#news += 1;
        this.#settle(event.approval_id, { state: event.decision, by: event.by, reason: event.reason, resolved_at: event.at });
      }
    }
  }

  /** Puts the next question of this window on screen, if none is. */
  openNext(): void {
    if (this.current !== null) return;
    const now = Date.now();
    this.current =
      this.pending.find(
        ({ request, ...rest }) =>
          isWaiting({ request, ...rest }, now) && this.#ours.has(request.run_id) && !this.#aside.has(request.approval_id),
      ) ?? null;
  }

  open(approvalId: ApprovalId): void {
    const approval = this.pending.find(({ request }) => request.approval_id === approvalId);
    if (approval === undefined) return;
    this.#aside.delete(approvalId);
    this.current = approval;
  }

  /** Leaves the question unanswered, in the list; silence still means no when its time is up. */
  setAside(): void {
    if (this.current === null) return;
    this.#aside.add(this.current.request.approval_id);
    this.dismiss();
  }

  /** Takes the dialog away; for a question that is over. */
  dismiss(): void {
    this.current = null;
    this.openNext();
  }

  async answer(approval: ApprovalView, verdict: ReviewVerdict): Promise<void> {
    const { approval_id, digest } = approval.request;
    this.answering = true;
    try {
      const decision = await engine.backend.answerApproval({ approval_id, digest, ...verdict });
      this.#tellIfOther(decision, verdict);
      this.pending = this.pending.filter(({ request }) => request.approval_id !== approval_id);
      if (this.current?.request.approval_id === approval_id) {
        if (decision === 'expired') this.current = { ...this.current, state: 'expired' };
        else this.dismiss();
      }
    } catch (thrown) {
      toasts.error(asUserError(thrown).message);
      this.answering = false;
      await this.refresh();
    } finally {
      this.answering = false;
    }
  }

  #tellIfOther(decision: Decision, verdict: ReviewVerdict): void {
    const meant: Decision = verdict.verdict === 'approve' ? 'approved' : 'rejected';
    if (decision === meant) return;
    const words: Record<Decision, string> = {
      approved: 'It was approved elsewhere before your answer came.',
      rejected: 'It was rejected elsewhere before your answer came. Nothing was changed.',
      expired: 'It had expired before your answer came. Nothing was changed.',
      aborted: 'The run had ended before your answer came. Nothing was changed.',
    };
    toasts.info(words[decision]);
  }

  /** A list without the current question: it was answered elsewhere, or its time is up. */
  #followCurrent(): void {
    const current = this.current;
    if (current === null || current.state !== 'pending' || this.answering) return;
    const still = this.pending.find(({ request }) => request.approval_id === current.request.approval_id);
    if (still !== undefined) this.current = still;
    else if (isWaiting(current, Date.now())) this.dismiss();
  }

  #settle(approvalId: ApprovalId, end: Omit<ApprovalView, 'request'>): void {
    this.pending = this.pending.filter(({ request }) => request.approval_id !== approvalId);
    if (this.current?.request.approval_id !== approvalId || this.answering) return;
    if (end.state === 'expired') this.current = { ...this.current, ...end };
    else this.dismiss();
  }
}

export const approvals = new Approvals();
