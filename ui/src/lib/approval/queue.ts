/** Which of the approvals that wait is asked about first, and how much time each has. */
import type { ApprovalView, Priority } from '../protocol';

const RANK: Record<Priority, number> = { high: 0, medium: 1, low: 2 };

/** The dialog turns to the warning colour when this little time is left. */
export const WARN_MS = 60_000;

/** Gravest first, then the one that has waited longest. */
export function inOrder(approvals: readonly ApprovalView[]): ApprovalView[] {
  return approvals.toSorted(
    (a, b) =>
      RANK[a.request.priority] - RANK[b.request.priority] ||
      a.request.requested_at.localeCompare(b.request.requested_at) ||
      a.request.approval_id.localeCompare(b.request.approval_id),
  );
}

export function isWaiting(approval: ApprovalView, now: number): boolean {
  return approval.state === 'pending' && msLeft(approval, now) > 0;
}

/** Until silence becomes no, by the wall clock; zero when it has. */
export function msLeft(approval: ApprovalView, now: number): number {
  return Math.max(0, Date.parse(approval.request.expires_at) - now);
}

/** How much of the time is left, from 1 to 0. */
export function fractionLeft(approval: ApprovalView, now: number): number {
  const whole = Date.parse(approval.request.expires_at) - Date.parse(approval.request.requested_at);
  return whole <= 0 ? 0 : Math.min(1, msLeft(approval, now) / whole);
}
