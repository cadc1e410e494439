/** Which rows of a long list are drawn: those in sight and a few around them. All rows are equally high. */

export interface Window {
  first: number;
  /** One past the last. */
  end: number;
  /** Pixels of the rows above and below that are not drawn. */
  above: number;
  below: number;
}

const AROUND = 8;

export function windowOf(count: number, rowHeight: number, scrollTop: number, height: number): Window {
  const first = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight)) - AROUND);
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + AROUND);
  return { first, end, above: first * rowHeight, below: (count - end) * rowHeight };
}
