/**
 * What a person changed in a question before answering it: values and writes taken out. The engine wants all of it each time, so it is
 * read off the question itself, beside the question as it was first seen.
 */
import type { ApprovalRequest, ChangeId, ChangePreview, FieldChange, FieldEdit } from '../protocol';

export interface Proposed {
  value: string | null;
  label: string | null;
}

/** Every write of the question, those that were taken out too, in the order in which they were proposed. */
export interface Line {
  change: ChangePreview;
  leftOut: boolean;
}

export function linesOf(request: ApprovalRequest, first: ApprovalRequest): Line[] {
  const places = new Map([...first.changes, ...first.left_out].map((change, at) => [change.change_id, at]));
  const lines = [...request.changes.map((change) => ({ change, leftOut: false })), ...request.left_out.map((change) => ({ change, leftOut: true }))];
  const place = ({ change }: Line) => places.get(change.change_id) ?? places.size;
  return lines.toSorted((a, b) => place(a) - place(b));
}

/** What stood in a field before a person changed it; null where nobody did. */
export function proposedOf(field: FieldChange, changeId: ChangeId, first: ApprovalRequest): Proposed | null {
  const change = [...first.changes, ...first.left_out].find((known) => known.change_id === changeId);
  const before = first.revision === 0 ? change?.fields.find(({ name }) => name === field.name) : undefined;
  if (before !== undefined) return before.after === field.after ? null : { value: before.after, label: before.after_label };
  return field.proposed === null || field.proposed === field.after ? null : { value: field.proposed, label: null };
}

/** The edits that are in force. */
export function editsOf(request: ApprovalRequest, first: ApprovalRequest): FieldEdit[] {
  return linesOf(request, first).flatMap(({ change }) =>
    change.fields
      .filter((field) => proposedOf(field, change.change_id, first) !== null)
      .map((field) => ({ change_id: change.change_id, name: field.name, value: field.after })),
  );
}

export function withEdit(edits: readonly FieldEdit[], edit: FieldEdit): FieldEdit[] {
  return [...withoutEdit(edits, edit.change_id, edit.name), edit];
}

export function withoutEdit(edits: readonly FieldEdit[], changeId: ChangeId, name: string): FieldEdit[] {
  return edits.filter((known) => known.change_id !== changeId || known.name !== name);
}

/** Several writes of the same kind in a row, to be set as one table; or one by itself. */
export type Block = { kind: 'table'; lines: readonly Line[]; columns: readonly Column[] } | { kind: 'one'; line: Line };

export interface Column {
  name: string;
  caption: string;
}

/** Writes of the same kind to the same set with the same fields stand in one table. Nothing is left out of it. */
export function blocksOf(lines: readonly Line[]): Block[] {
  const blocks: Block[] = [];
  let alike: Line[] = [];
  const close = () => {
    const [only] = alike;
    if (alike.length >= 2) blocks.push({ kind: 'table', lines: alike, columns: columnsOf(alike) });
    else if (only !== undefined) blocks.push({ kind: 'one', line: only });
    alike = [];
  };
  for (const line of lines) {
    const key = keyOf(line.change);
    if (alike[0] !== undefined && (key === null || keyOf(alike[0].change) !== key)) close();
    alike.push(line);
    if (key === null) close();
  }
  close();
  return blocks;
}

const MOST_COLUMNS = 6;

/** What makes two writes alike; null for one that does not fit into a row. */
function keyOf(change: ChangePreview): string | null {
  const { operation, action, entity, fields, conflicts } = change;
  if (conflicts.length > 0 || fields.some(({ name }) => name.includes('['))) return null;
  const names = fields.map(({ name }) => name).toSorted();
  return columnsOf([{ change, leftOut: false }]).length > MOST_COLUMNS ? null : JSON.stringify([operation, action, entity, change.undoes !== null, ...names]);
}

/** Fields that stay as they are in every row are no column; they are in the row's details. An action sets none and shows all. */
function columnsOf(lines: readonly Line[]): Column[] {
  const columns = new Map<string, Column>();
  for (const { change } of lines) {
    for (const field of change.fields) {
      const stays = change.operation !== 'action' && field.before !== null && field.before === field.after;
      if (!stays) columns.set(field.name, { name: field.name, caption: field.caption });
    }
  }
  return [...columns.values()];
}
