/** The approvals that wait for a person: which one is on screen, which are put aside, and the answers given. */
import { inOrder, isWaiting } from '../approval/queue';
import { asUserError } from '../backend/backend';
import type { AgentEvent, ApprovalId, ApprovalRequest, ApprovalView, ChangeId, Decision, FieldEdit, ReviewVerdict, RunId } from '../protocol';
import { engine } from './engine.svelte';
import { toasts } from './toasts.svelte';

class Approvals {
  pending = $state.raw<readonly ApprovalView[]>([]);
  /** The one in the dialog. It stays there until it is answered, put aside or dismissed; nothing slides in under the pointer. */
  current = $state.raw<ApprovalView | null>(null);
  answering = $state(false);
  /** An edit is on its way to the engine. */
  revising = $state(false);
  /** Each question as it was first seen: the order of its writes, and what was proposed before anybody edited it. */
  #first = new Map<ApprovalId, ApprovalRequest>();
  #aside = new Set<ApprovalId>();
  /** Runs of this window: their questions open by themselves, others wait in the list. */
  #ours = new Set<RunId>();

  /** When the engine put questions that nobody has seen yet, in milliseconds since 1970. */
  #put = new Map<ApprovalId, number>();

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
      // An answer to an edit may have been faster than a list that was on its way.
      this.pending = inOrder(list.map((view) => this.#newer(view)));
      this.#remember();
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
        if (event.revision === 0) this.#put.set(event.approval_id, Date.parse(event.at));
        this.#take(event);
        this.openNext();
      } else if (event.type === 'approval_resolved') {
        this.#news += 1;
        this.#settle(event.approval_id, { state: event.decision, by: event.by, reason: event.reason, resolved_at: event.at });
      }
    }
  }

  /** When a question that now comes on screen for the first time was put; null where that is not known. */
  takePutAt(approvalId: ApprovalId): number | null {
    const at = this.#put.get(approvalId) ?? null;
    this.#put.delete(approvalId);
    return at;
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

  /** The question as it was before a person edited it, as far as this window saw it. */
  firstOf(request: ApprovalRequest): ApprovalRequest {
    return this.#first.get(request.approval_id) ?? request;
  }

  /** Asks the engine for the question with other values or fewer writes. Null when it is on screen, else the sentence why not. */
  async revise(request: ApprovalRequest, edits: FieldEdit[], leaveOut: ChangeId[]): Promise<string | null> {
    this.revising = true;
    try {
      const revised = await engine.backend.reviseApproval({ approval_id: request.approval_id, digest: request.digest, edits, leave_out: leaveOut });
      // It may have been answered or have run out meanwhile; then there is nothing to show.
      if (this.#knows(request.approval_id)) this.#take(revised);
      return null;
    } catch (thrown) {
      const { code, message } = asUserError(thrown);
      // Somebody else edited or answered it: what is shown must be what stands.
      if (code === 'conflict' || code === 'not_found') void this.refresh();
      return message;
    } finally {
      this.revising = false;
    }
  }

  /** A new question, or a later state of a known one. */
  #take(request: ApprovalRequest): void {
    const view: ApprovalView = { request, state: 'pending', by: null, reason: null, resolved_at: null };
    const at = this.pending.findIndex((known) => known.request.approval_id === request.approval_id);
    const known = this.pending[at];
    if (known === undefined) this.pending = inOrder([...this.pending, view]);
    else if (known.request.revision < request.revision) this.pending = this.pending.with(at, view);
    this.#remember();
    this.#followCurrent();
  }

  #knows(approvalId: ApprovalId): boolean {
    return this.pending.some(({ request }) => request.approval_id === approvalId);
  }

  #newer(view: ApprovalView): ApprovalView {
    const known = this.pending.find(({ request }) => request.approval_id === view.request.approval_id);
    return known !== undefined && known.request.revision >= view.request.revision ? known : view;
  }

  #remember(): void {
    for (const { request } of this.pending) if (!this.#first.has(request.approval_id)) this.#first.set(request.approval_id, request);
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

  async answer(approval: ApprovalView, verdict: ReviewVerdict, typed: string | null = null): Promise<void> {
    const { approval_id, digest } = approval.request;
    this.answering = true;
    try {
      const decision = await engine.backend.answerApproval({ approval_id, digest, typed, ...verdict });
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
