/** Edits, look-ups and undo as the sample engine does them. */
import type { ApprovalRequest, ChangePreview, ChangeView, FieldChange, LookupHit, Revision } from '../../protocol';
import { OVERDUE } from './records';
import { newId } from './store';

const HITS: Record<string, LookupHit[]> = {
  paymentTerms: [
    { id: '9a3b6c10-1111-4000-8000-000000000008', label: '8 DAYS · Net 8 days' },
    { id: '9a3b6c10-1111-4000-8000-000000000014', label: '14 DAYS · Net 14 days' },
    { id: '9a3b6c10-1111-4000-8000-000000000030', label: '30 DAYS · Net 30 days' },
    { id: '9a3b6c10-1111-4000-8000-000000000060', label: '60 DAYS · Zahlbar innerhalb von sechzig Tagen ohne Abzug' },
  ],
  customers: OVERDUE.map(({ number, displayName }) => ({ id: number, label: `${number} · ${displayName}` })),
  items: [
    { id: '1896-S', label: '1896-S · NARVIK Desk' },
    { id: '1928-S', label: '1928-S · RØROS Lamp' },
  ],
};

export function lookup(entity: string, words: string): LookupHit[] {
  return (HITS[entity] ?? []).filter(({ label }) => label.toLowerCase().includes(words.toLowerCase())).slice(0, 20);
}

/** A digest that differs for each content. Not SHA-256; nothing here is sent anywhere. */
function digestOf(text: string): string {
  let sum = 2166136261;
  return Array.from({ length: 8 }, (_, round) => {
    for (const char of text + round) sum = Math.imul(sum ^ char.charCodeAt(0), 16777619) >>> 0;
    return sum.toString(16).padStart(8, '0');
  }).join('');
}

function revisedField(field: FieldChange, value: string | null, proposed: string | null): FieldChange {
  if (field.kind === 'decimal' && value !== null && Number(value) > 1_000_000) {
    throw { code: 'invalid_input', message: `${field.caption} may be at most 1,000,000.`, retryable: false };
  }
  const relation = field.editor?.relation;
  const label = relation != null && value !== null ? (HITS[relation]?.find(({ id }) => id === value)?.label ?? null) : null;
  return { ...field, after: value, after_label: label, proposed };
}

function revisedChange(change: ChangePreview, first: ChangePreview, edits: Revision['edits']): ChangePreview {
  const fields = change.fields.map((field) => {
    const original = first.fields.find(({ name }) => name === field.name) ?? field;
    const edit = edits.find((known) => known.change_id === change.change_id && known.name === field.name);
    return edit === undefined ? { ...original, proposed: null } : revisedField(original, edit.value, original.after);
  });
  const body = change.body === null ? null : JSON.stringify(Object.fromEntries(fields.map(({ name, after }) => [name, after])));
  return { ...change, fields, body, digest: digestOf(`${change.path}${body}`) };
}

/** The question as edited; refuses a digest that is not that of the question now. */
export function revised(request: ApprovalRequest, first: ApprovalRequest, revision: Revision): ApprovalRequest {
  if (request.digest !== revision.digest) throw { code: 'conflict', message: 'It was edited elsewhere meanwhile. Look at it again.', retryable: false };
  const all = first.changes.map((change) => revisedChange(change, change, revision.edits));
  const out = new Set(revision.leave_out);
  const changes = all.filter(({ change_id }) => !out.has(change_id));
  if (changes.length === 0) throw { code: 'invalid_input', message: 'Nothing would be left. Reject it instead.', retryable: false };
  const left_out = all.filter(({ change_id }) => out.has(change_id));
  return { ...request, changes, left_out, digest: digestOf(changes.map(({ digest }) => digest).join()), revision: request.revision + 1 };
}

/** The inverse of a confirmed write, with one field that somebody changed since. */
export function inverse(change: ChangeView): ChangePreview {
  const { preview } = change;
  const created = preview.operation === 'create';
  const fields = preview.fields.filter(({ before, after }) => before !== after).map((field) => ({ ...field, before: field.after, before_label: field.after_label, after: created ? null : field.before, after_label: created ? null : field.before_label, editor: null, proposed: null }));
  const disputed = created ? undefined : fields.find(({ kind }) => kind === 'decimal');
  return {
    ...preview,
    change_id: newId('change'),
    call_id: newId('call'),
    operation: created ? 'delete' : 'update',
    effect: created ? 'destructive' : 'write',
    title: `Undo: ${preview.title}`,
    fields: disputed === undefined ? fields : fields.map((field) => (field === disputed ? { ...field, before: '82500.00' } : field)),
    notes: [],
    undo: created ? { kind: 'yes', how: 'The record is made again, under another number.' } : { kind: 'yes', how: 'The values are set again as they were approved.' },
    undoes: preview.change_id,
    conflicts: disputed === undefined ? [] : [{ name: disputed.name, caption: disputed.caption, expected: disputed.before, now: '82500.00' }],
    method: created ? 'DELETE' : 'PATCH',
    body: created ? null : JSON.stringify(Object.fromEntries(fields.map(({ name, after }) => [name, after]))),
    digest: digestOf(`undo ${preview.digest}`),
  };
}
