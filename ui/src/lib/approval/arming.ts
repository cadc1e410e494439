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
  /** When the pointer was last pressed for the first time of a row of clicks; null where it was not yet. */
  pressedAt: number | null;
}

/** Something else is shown from now on. A press of the pointer that began before was not meant for it, whenever it ends. */
export function shown(at: number, before: Arming | null = null): Arming {
  return { shownAt: at, typedAt: Number.NEGATIVE_INFINITY, pressedAt: before?.pressedAt ?? null };
}

/** Keys that answer by themselves. Every other character is a piece of text that was meant for another place. */
const ANSWERS = ['r', ' '];

/** A plain character key was pressed: one of a text, or before the dialog took keys. Typing that goes on keeps it closed to keys. */
export function typed(arming: Arming, at: number, key: string): Arming {
  return takesKeys(arming, at) && ANSWERS.includes(key.toLowerCase()) ? arming : { ...arming, typedAt: at };
}

/** The pointer was pressed; `clicks` counts as a mouse event's `detail`. The second press of a double click stands with its first. */
export function pressed(arming: Arming, at: number, clicks: number): Arming {
  return clicks > 1 && arming.pressedAt !== null ? arming : { ...arming, pressedAt: at };
}

/** Whether it has been on screen for long enough to be answered at all. */
export function takesAnswers(arming: Arming, at: number): boolean {
  return at - arming.shownAt >= ARMING_MS;
}

/** Whether a click counts that ends now: its press has to count too. */
export function takesClick(arming: Arming, at: number): boolean {
  return takesAnswers(arming, at) && (arming.pressedAt === null || takesAnswers(arming, arming.pressedAt));
}

/** Whether a key counts, Ctrl/Cmd+Enter as well: in the composer it sends, and who types there may not have looked up yet. */
export function takesKeys(arming: Arming, at: number): boolean {
  return takesAnswers(arming, at) && at - arming.typedAt >= ARMING_MS;
}
