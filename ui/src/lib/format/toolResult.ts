/** Reads what a tool gave back, for people: a title in a few words and a table where there are rows. Output is data and may be anything. */
import type { ToolCallItem } from '../reducers/view';
import type { Cell } from './delimited';
import { formatDuration, formatInteger } from './number';

export type ColumnKind = 'text' | 'code' | 'number' | 'date' | 'date_time' | 'boolean';

export interface Column {
  name: string;
  caption: string;
  kind: ColumnKind;
  /** Digits after the decimal mark that every value of the column gets. */
  places: number;
}

export interface Table {
  columns: readonly Column[];
  rows: readonly (readonly Cell[])[];
  /** Said below the table: more rows exist, or the list was cut. */
  note: string | null;
}

export interface ToolSummary {
  title: string;
  table: Table | null;
  /** The sentence of a failure. */
  error: string | null;
}

type JsonObject = Record<string, unknown>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** `paymentTermsId` as `Payment terms id`, `no` as `No.`. */
export function captionOf(name: string): string {
  const words = name.replace(/([a-z\d])([A-Z])/g, '$1 $2').replace(/[_.]/g, ' ').toLowerCase();
  if (words === 'number' || words === 'no') return 'No.';
  if (words === 'id') return 'Id';
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const VERBS: Record<string, string> = {
  bc_create_entity: 'Create in',
  bc_update_entity: 'Change in',
  bc_delete_entity: 'Delete from',
  bc_invoke_action: 'Action on',
  bc_get_schema: 'Fields of',
  bc_validate_operation: 'Check',
  bc_validate_workflow: 'Check steps',
};

export function summarise(call: ToolCallItem): ToolSummary {
  const input = isObject(call.input) ? call.input : {};
  const output = isObject(call.output) ? call.output : {};
  const table = tableOf(output);
  const parts = [subjectOf(call.tool, input, output)];
  const count = countOf(output, table);
  if (count !== null) parts.push(count);
  // Rows that were read before say how old they are: "from 2 min ago".
  const age = textOf(output['age'])?.split('.')[0];
  if (age !== undefined) parts.push(age);
  if (call.durationMs !== null) parts.push(formatDuration(call.durationMs));
  return { title: parts.join(' · '), table, error: errorOf(call) };
}

function subjectOf(tool: string, input: JsonObject, output: JsonObject): string {
  const entity = textOf(output['entity']) ?? textOf(input['entity']);
  const captions = isObject(output['captions']) ? output['captions'] : {};
  if (tool === 'bc_query_entities') return entity === null ? 'Records' : (textOf(captions[entity]) ?? entity);
  if (tool === 'todo_write') return 'Plan';
  if (tool === 'bc_invoke_action') return `${textOf(input['action']) ?? 'Action'} · ${entity ?? ''}`;
  const verb = VERBS[tool];
  if (verb === undefined) return tool;
  const subject = entity ?? textOf(input['search']) ?? textOf(input['workflow']);
  return subject === null ? verb.replace(/ (in|from|on|of)$/, '') : `${verb} ${subject}`;
}

function countOf(output: JsonObject, table: Table | null): string | null {
  // Below a write stand its fields, and they are no rows of anything.
  if ('verified' in output || 'differences' in output) return null;
  const count = output['count'];
  if (Array.isArray(output['groups'])) {
    const read = output['rows_read'];
    return typeof read === 'number' ? `${formatInteger(read)} rows read` : null;
  }
  const shown = table?.rows.length ?? null;
  const total = typeof count === 'number' ? count : shown;
  if (total === null) return null;
  const rows = `${formatInteger(total)} ${total === 1 ? 'row' : 'rows'}`;
  return shown !== null && shown !== total ? `${formatInteger(shown)} of ${rows}` : rows;
}

function errorOf(call: ToolCallItem): string | null {
  if (call.status === null || call.status === 'ok') return null;
  if (typeof call.output === 'string') return call.output;
  if (!isObject(call.output)) return null;
  const error = call.output['error'];
  if (isObject(error)) {
    return [textOf(error['message']), textOf(error['suggestion'])].filter((text) => text !== null).join(' ') || null;
  }
  return textOf(call.output['message']) ?? textOf(error);
}

/** The rows of a result, whatever the tool calls them. */
export function tableOf(output: JsonObject): Table | null {
  const rows = firstRows(output);
  if (rows === null || rows.length === 0) return null;
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => !name.startsWith('@odata'));
  // In the person's language, where the environment has it.
  const named = isObject(output['captions']) ? output['captions'] : {};
  const columns = names.map((name) => ({ ...columnOf(name, rows.map((row) => row[name])), caption: textOf(named[name]) ?? captionOf(name) }));
  const visible = columns.filter(({ name }) => name !== 'id' || columns.length === 1);
  const cells = rows.map((row) => visible.map(({ name }) => cellOf(row[name])));
  return { columns: visible, rows: cells, note: noteOf(output) };
}

function firstRows(output: JsonObject): JsonObject[] | null {
  if (Array.isArray(output['groups'])) {
    const name = 'value';
    return output['groups'].filter(isObject).map((group) => ({ ...(isObject(group['by']) ? group['by'] : {}), [name]: group[name], count: group['count'] }));
  }
  for (const key of ['rows', 'matches', 'properties', 'problems', 'verified', 'differences', 'expected']) {
    const value = output[key];
    if (Array.isArray(value) && value.length > 0 && value.every(isObject)) return value;
  }
  return null;
}

function noteOf(output: JsonObject): string | null {
  const note = textOf(output['note']);
  if (note !== null) return note;
  if (output['truncated'] === true) return 'The list was cut; there are more rows.';
  return typeof output['next_skip'] === 'number' ? 'There are more rows.' : null;
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return JSON.stringify(value);
}

const DECIMAL_TEXT = /^-?\d+\.\d+$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;
const AMOUNT = /(amount|balance|price|cost|limit|total|due|value|revenue|debit|credit)/i;
/** Whether a property of that name is money, which is written with two digits at least. */
export function isAmount(name: string): boolean {
  return AMOUNT.test(name) && !/quantity|count|number|percent/i.test(name);
}

const CODE = /^(number|no|code|id|.*(Number|Code|Id))$/;

function columnOf(name: string, values: readonly unknown[]): Column {
  const filled = values.filter((value) => value !== null && value !== undefined && value !== '');
  const every = (test: (value: unknown) => boolean) => filled.length > 0 && filled.every(test);
  const column = (kind: ColumnKind, places = 0): Column => ({ name, caption: captionOf(name), kind, places });
  if (every((value) => typeof value === 'boolean')) return column('boolean');
  if (every((value) => typeof value === 'number' || (typeof value === 'string' && DECIMAL_TEXT.test(value)))) {
    const digits = Math.max(...filled.map((value) => String(value).split('.')[1]?.length ?? 0));
    return column('number', digits > 0 || isAmount(name) ? Math.max(2, digits) : 0);
  }
  if (every((value) => typeof value === 'string' && DATE.test(value))) return column('date');
  if (every((value) => typeof value === 'string' && DATE_TIME.test(value))) return column('date_time');
  return column(CODE.test(name) ? 'code' : 'text');
}

/** Rows in the order of one column; blanks last either way. */
export function sortRows(table: Table, column: number, direction: 'ascending' | 'descending'): readonly (readonly Cell[])[] {
  const kind = table.columns[column]?.kind ?? 'text';
  const sign = direction === 'ascending' ? 1 : -1;
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
  const blank = (cell: Cell) => cell === null || cell === undefined || cell === '';
  return table.rows.toSorted((left, right) => {
    const a = left[column];
    const b = right[column];
    if (blank(a) || blank(b)) return Number(blank(a)) - Number(blank(b));
    return sign * (kind === 'number' ? Number(a) - Number(b) : collator.compare(String(a), String(b)));
  });
}
