/** Sentences about approvals and their outcomes. */
import type { ApprovalRequest, ApprovalView, ChangeOutcome, ChangePreview, Reviewer, WriteOperation } from '../protocol';

const BY: Record<Reviewer, string> = {
  window: 'you, in this window',
  terminal: 'you, in the terminal',
  command_line: 'you, on the command line',
  notification: 'you, in a notification',
  automation: 'a rule of yours',
  clock: 'the clock',
  engine: 'BC Agent',
};

export type Tone = 'good' | 'neutral' | 'warning' | 'problem' | 'waiting';

export interface Verdict {
  tone: Tone;
  text: string;
}

/** For a write that a person took out of its set before approving the rest. */
export const TAKEN_OUT: Verdict = { tone: 'neutral', text: 'Taken out before the answer. Nothing was changed.' };

/** What became of a write, in one or two sentences. */
export function verdictOf(approval: ApprovalView, outcome: ChangeOutcome | null, message: string | null): Verdict {
  const by = approval.by === null ? '' : ` by ${BY[approval.by]}`;
  switch (approval.state) {
    case 'pending':
      return { tone: 'waiting', text: 'Waiting for your decision.' };
    case 'rejected':
      return { tone: 'neutral', text: `Rejected${by}${approval.reason ? `: “${approval.reason}”` : ''}. Nothing was changed.` };
    case 'expired':
      return { tone: 'neutral', text: 'Expired without an answer. Nothing was changed.' };
    case 'aborted':
      return { tone: 'neutral', text: 'Aborted before an answer. Nothing was changed.' };
    case 'approved':
      return approvedVerdict(by, outcome, message);
  }
}

function approvedVerdict(by: string, outcome: ChangeOutcome | null, message: string | null): Verdict {
  switch (outcome) {
    case 'confirmed':
      return { tone: 'good', text: `Approved${by}, written and read back.` };
    case 'failed':
      return { tone: 'problem', text: `Approved${by}, but it failed. ${message ?? 'Nothing was changed.'}` };
    case 'unknown':
      return { tone: 'warning', text: `Approved${by}. Whether it arrived is not known yet. ${message ?? 'BC Agent goes on looking; do not send it again.'}` };
    case null:
      return message === null
        ? { tone: 'waiting', text: `Approved${by}.` }
        : { tone: 'problem', text: `Approved${by}, but it was not sent. ${message}` };
  }
}

const OPERATION: Record<WriteOperation, string> = { create: 'New', update: 'Change', delete: 'Delete', action: 'Action' };

export function operationWord(change: ChangePreview): string {
  return change.operation === 'action' && change.action !== null ? change.action : OPERATION[change.operation];
}

/** The message that asks for an expired change again. */
export function proposeAgain(titles: readonly string[]): string {
  return `The approval expired before I could answer. Please propose it again: ${titles.join('; ')}.`;
}

/** What a question is about, in one line. */
export function titleOf(request: ApprovalRequest): string {
  const [only, ...more] = request.changes;
  return more.length === 0 ? (only?.title ?? 'Change') : `${request.changes.length} changes, decided together`;
}

/** The first characters of a digest, as the terminal and the log of the engine show them too. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 8).replace(/(.{4})/, '$1 ');
}

const MOMENTS: readonly [withinMs: number, sentence: string][] = [
  [0, 'Time is up. Nothing was changed.'],
  [10_000, 'Ten seconds left.'],
  [30_000, 'Thirty seconds left.'],
  [60_000, 'One minute left.'],
];

/** What is said of the time that is left to those who cannot see the ring; the same text until the next moment. */
export function announcementOf(msLeft: number): string {
  return MOMENTS.find(([within]) => msLeft <= within)?.[1] ?? '';
}
