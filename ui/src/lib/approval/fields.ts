/** The fields of a write, ready to be set in columns. Nothing is left out and nothing is shortened. */
import { formatDate, formatDateTime } from '../format/date';
import { formatDecimal } from '../format/number';
import { isAmount } from '../format/toolResult';
import type { ChangePreview, FieldChange, FieldKind } from '../protocol';

const CHILD = /^(.+?)\[(\d+)\]\.(.+)$/;

export interface NestedColumn {
  name: string;
  caption: string;
  kind: FieldKind;
  /** Digits after the decimal mark that every value of the column gets. */
  places: number;
}

export interface Nested {
  /** The navigation property, `salesOrderLines`. */
  name: string;
  columns: readonly NestedColumn[];
  /** One per child, in order; a cell is absent where the child does not set that property. */
  rows: readonly (readonly (FieldChange | null)[])[];
}

export interface FieldGroups {
  own: readonly FieldChange[];
  nested: readonly Nested[];
}

/** Splits `salesOrderLines[0].quantity` and its like from the record's own fields. */
export function groupFields(change: ChangePreview): FieldGroups {
  const own: FieldChange[] = [];
  const children = new Map<string, Map<number, Map<string, FieldChange>>>();
  for (const field of change.fields) {
    const match = CHILD.exec(field.name);
    if (match === null) {
      own.push(field);
      continue;
    }
    const [, parent = '', index = '0', name = ''] = match;
    const rows = children.get(parent) ?? new Map<number, Map<string, FieldChange>>();
    children.set(parent, rows);
    const row = rows.get(Number(index)) ?? new Map<string, FieldChange>();
    rows.set(Number(index), row);
    row.set(name, field);
  }
  return { own, nested: [...children].map(([name, rows]) => nestedOf(name, rows)) };
}

function nestedOf(name: string, byIndex: Map<number, Map<string, FieldChange>>): Nested {
  const rows = [...byIndex.entries()].toSorted(([a], [b]) => a - b).map(([, row]) => row);
  const columns = new Map<string, NestedColumn>();
  for (const row of rows) {
    for (const [column, field] of row) {
      const places = Math.max(columns.get(column)?.places ?? 0, placesOf(column, [field.before, field.after]));
      columns.set(column, { name: column, caption: field.caption, kind: field.kind, places });
    }
  }
  return { name, columns: [...columns.values()], rows: rows.map((row) => [...columns.keys()].map((column) => row.get(column) ?? null)) };
}

/** Whether a value is set to what it already is. */
export function isUnchanged(field: FieldChange): boolean {
  return field.before !== null && field.before === field.after;
}

/** Set like figures, at the right. */
export function isFigure(kind: FieldKind): boolean {
  return kind === 'decimal' || kind === 'integer';
}

/** Digits after the decimal mark that values shown together get: as many as the longest has, two at least for amounts. */
export function placesOf(name: string, values: readonly (string | null)[]): number {
  const digits = values.map((value) => value?.split('.')[1]?.length ?? 0);
  return Math.max(isAmount(name) ? 2 : 0, ...digits);
}

/** A value as people write it. Text is left exactly as it is; the caller makes the invisible in it visible. */
export function formatValue(value: string, kind: FieldKind, places = 0): string {
  switch (kind) {
    case 'decimal':
      return formatDecimal(value, places);
    case 'integer':
      return formatDecimal(value);
    case 'date':
      return formatDate(value) || 'None';
    case 'date_time':
      return formatDateTime(value) || 'None';
    case 'boolean':
      return value === 'true' ? 'Yes' : value === 'false' ? 'No' : value;
    case 'text':
    case 'code':
    case 'enumeration':
    case 'reference':
    case 'json':
      return value;
  }
}
