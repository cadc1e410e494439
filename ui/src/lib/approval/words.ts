/** Sentences about approvals and their outcomes. */
import { visible } from '../format/visible';
import type { ApprovalRequest, ApprovalView, ChangeOutcome, ChangePreview, FieldChange, Reviewer, WriteOperation } from '../protocol';
import { formatValue } from './fields';

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

const SPOKEN_FIELDS = 3;
const SPOKEN_CHARACTERS = 80;

/**
 * What a question is about, as it is read out when it comes: where, the first of the fields or writes, and what is to be minded. A
 * few sentences however long the question is; all of it stands in the dialog to be read.
 */
export function summaryOf(request: ApprovalRequest): string {
  const { company, environment, kind } = request.connection;
  const [only, ...more] = request.changes;
  const parts = only === undefined ? [] : more.length === 0 ? fieldsSpoken(only) : request.changes.slice(0, SPOKEN_FIELDS).map(({ title }) => spoken(title));
  const all = more.length === 0 ? (only?.fields.filter(isChange).length ?? 0) : request.changes.length;
  const warnings = request.changes.flatMap(({ notes }) => notes.filter((note) => note.kind === 'warning'));
  const final = request.changes.filter(({ undo }) => undo.kind === 'no').length;
  return [
    `${kind === 'demo' ? 'Demo' : `${environment}`}, ${company}`,
    ...parts,
    all > parts.length ? `and ${all - parts.length} more` : '',
    warnings.length === 1 ? `Warning: ${spoken(warnings[0]?.text ?? '')}` : warnings.length > 1 ? `${warnings.length} warnings` : '',
    final === 0 ? '' : more.length === 0 ? 'Cannot be undone' : `${final} cannot be undone`,
  ]
    .filter((part) => part !== '')
    .map((part) => (/[.!?…]$/.test(part) ? part : `${part}.`))
    .join(' ');
}

const isChange = ({ before, after }: FieldChange): boolean => before !== after;

function fieldsSpoken(change: ChangePreview): string[] {
  return change.fields
    .filter(isChange)
    .slice(0, SPOKEN_FIELDS)
    .map((field) => {
      const said = (value: string | null, label: string | null) => (value === null ? 'nothing' : value === '' ? 'empty' : spoken(label !== null && label !== '' ? label : formatValue(value, field.kind)));
      const to = field.after === null ? '' : said(field.after, field.after_label);
      const from = field.before === null ? '' : said(field.before, field.before_label);
      return `${spoken(field.caption)}: ${from === '' || to === '' ? from + to : `from ${from} to ${to}`}`;
    });
}

/** With what cannot be seen made plain, and not for minutes. */
function spoken(text: string): string {
  const head = visible(text.slice(0, SPOKEN_CHARACTERS));
  return text.length > SPOKEN_CHARACTERS ? `${head}…` : head;
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
