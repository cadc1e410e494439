/** Keys as they are written on this machine. */

export const IS_MAC: boolean = typeof navigator !== 'undefined' && /mac|iphone|ipad/i.test(navigator.platform);

/** The key that commands are held with: Cmd on a Mac, Ctrl elsewhere. */
export function withCommand(event: KeyboardEvent): boolean {
  return IS_MAC ? event.metaKey : event.ctrlKey;
}

const NAMES: Record<string, [mac: string, other: string]> = {
  mod: ['⌘', 'Ctrl'],
  shift: ['⇧', 'Shift'],
  enter: ['⏎', 'Enter'],
  esc: ['esc', 'Esc'],
  backspace: ['⌫', 'Backspace'],
};

/** `keyLabel('mod', 'enter')` is `⌘⏎` on a Mac and `Ctrl Enter` elsewhere. */
export function keyLabel(...keys: string[]): string {
  const names = keys.map((key) => NAMES[key]?.[IS_MAC ? 0 : 1] ?? key.toUpperCase());
  return names.join(IS_MAC ? '' : ' ');
}
