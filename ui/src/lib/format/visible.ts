/**
 * Text of records and models with everything invisible made visible. What a person approves is what they can see: a character that
 * reorders, hides or joins text is shown as an escape (SECURITY.md, row 13).
 */

/** A stretch of text; `hidden` where it stands for a character that could not be seen. */
export interface VisiblePart {
  text: string;
  hidden: boolean;
}

/**
 * Controls (Cc), format characters (Cf: bidi controls, zero width, tags, soft hyphen), separators of lines and paragraphs, spaces
 * that are not U+0020, surrogates without a partner, private use, unassigned, and the fillers and selectors that render as nothing.
 */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180F\u2800\u3164\uFE00-\uFE0F\uFFA0\u{E0100}-\u{E01EF}]/gu;

const NAMES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOf(char: string): string {
  const named = NAMES[char];
  if (named !== undefined) return named;
  const code = char.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16).toUpperCase().padStart(4, '0')}}`;
}

/** Splits text into what can be seen and escapes for what cannot. */
export function visibleParts(text: string): VisiblePart[] {
  const parts: VisiblePart[] = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > from) parts.push({ text: text.slice(from, match.index), hidden: false });
    parts.push({ text: escapeOf(match[0]), hidden: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), hidden: false });
  // Leading and trailing spaces are invisible too, and Business Central compares codes without them.
  return markEdges(parts);
}

function markEdges(parts: VisiblePart[]): VisiblePart[] {
  const first = parts[0];
  if (first !== undefined && !first.hidden) {
    const spaces = /^ +/.exec(first.text)?.[0] ?? '';
    if (spaces !== '') parts.splice(0, 1, { text: escapeOf(' ').repeat(spaces.length), hidden: true }, { text: first.text.slice(spaces.length), hidden: false });
  }
  const last = parts.at(-1);
  if (last !== undefined && !last.hidden) {
    const spaces = / +$/.exec(last.text)?.[0] ?? '';
    if (spaces !== '') {
      const kept = last.text.slice(0, last.text.length - spaces.length);
      parts.splice(-1, 1, { text: kept, hidden: false }, { text: escapeOf(' ').repeat(spaces.length), hidden: true });
    }
  }
  return parts.filter((part) => part.text !== '');
}

/** The same as one string. */
export function visible(text: string): string {
  return visibleParts(text)
    .map((part) => part.text)
    .join('');
}

/** The scripts that letters of a word come from; more than one is worth a remark (lookalikes). */
export function mixesScripts(text: string): boolean {
  return text.split(/[^\p{L}\p{M}]+/u).some((word) => {
    const scripts = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u].filter((script) => script.test(word));
    return scripts.length > 1;
  });
}
