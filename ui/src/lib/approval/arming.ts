/**
 * An approval cannot be answered by a click or a key that was meant for what stood there before: for half a second after the dialog
 * appears, or after what it shows changed, it takes no answer (SECURITY.md, row 14). Times are in milliseconds of one monotonic clock.
 */

export const ARMING_MS = 500;

export interface Arming {
  /** When what is shown now appeared. */
  shownAt: number;
  /** When a plain character key was last pressed: a person who goes on typing has not seen the dialog yet. */
  typedAt: number;
}

export function shown(at: number): Arming {
  return { shownAt: at, typedAt: Number.NEGATIVE_INFINITY };
}

/** A plain character key was pressed before the dialog took keys; typing that goes on keeps it closed to plain keys. */
export function typed(arming: Arming, at: number): Arming {
  return takesPlainKeys(arming, at) ? arming : { ...arming, typedAt: at };
}

/** Whether a click, or a key held with Ctrl or Cmd, counts. */
export function takesAnswers(arming: Arming, at: number): boolean {
  return at - arming.shownAt >= ARMING_MS;
}

/** Whether a key without Ctrl or Cmd counts. */
export function takesPlainKeys(arming: Arming, at: number): boolean {
  return takesAnswers(arming, at) && at - arming.typedAt >= ARMING_MS;
}
