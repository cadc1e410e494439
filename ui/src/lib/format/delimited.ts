/** Rows as text for a spreadsheet. */

export type Cell = string | number | boolean | null | undefined;

function text(cell: Cell): string {
  return cell === null || cell === undefined ? '' : String(cell);
}

/**
 * RFC 4180. A cell that a spreadsheet would take for a formula gets a leading apostrophe: record text is written by strangers.
 */
export function toCsv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => row.map((cell) => quoted(defused(cell))).join(',')).join('\r\n') + '\r\n';
}

/** Tab-separated, as spreadsheets take it from the clipboard; tabs and line breaks inside a cell become spaces. */
export function toTsv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => row.map((cell) => defused(cell).replace(/[\t\r\n]+/g, ' ')).join('\t')).join('\n');
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function defused(cell: Cell): string {
  const value = text(cell);
  return typeof cell === 'string' && /^[=+\-@\t\r]/.test(value) && !/^[-+]?[\d.,]+$/.test(value) ? `'${value}` : value;
}
