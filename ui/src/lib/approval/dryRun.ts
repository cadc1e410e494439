/** What came of trying a set out before it is answered. */
import type { ApprovalRequest, ChangePreview, TriedOutcome } from '../protocol';
import type { Tone } from './words';

/** What came of one write; null where nothing was tried out. */
export function triedOf(request: ApprovalRequest, change: ChangePreview): TriedOutcome | null {
  const { dry_run } = request;
  if (dry_run == null || dry_run.kind !== 'tried') return null;
  return dry_run.writes.find(({ change_id }) => change_id === change.change_id)?.outcome ?? null;
}

/** What is to be said of the set as a whole; what is said of its one write stands with that. */
export function dryRunNote(request: ApprovalRequest): { tone: Tone; text: string } | null {
  const { dry_run } = request;
  if (dry_run == null) return null;
  if (dry_run.kind === 'not_tried') return { tone: 'neutral', text: `Not tried out. ${dry_run.why}` };
  if (dry_run.kind === 'not_known') return { tone: 'warning', text: `Tried out, and nothing can be said. ${dry_run.why}` };
  const works = dry_run.writes.every(({ outcome }) => outcome.kind === 'would_work');
  return works && dry_run.writes.length > 1 ? { tone: 'good', text: `Tried out: Business Central would take all ${dry_run.writes.length} changes.` } : null;
}
