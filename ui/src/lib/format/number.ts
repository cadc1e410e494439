/** Numbers as the person's locale writes them. Decimals come as text and stay exact however long they are. */

/** The first of the person's languages that is one: a web view started with `LANG=C` says its language is `C`. */
export function localeOf(languages: readonly string[]): string {
  for (const language of languages) {
    try {
      const [supported] = Intl.DateTimeFormat.supportedLocalesOf(language);
      if (supported !== undefined) return supported;
    } catch {
      // Not a language tag at all.
    }
  }
  return 'en';
}

export const LOCALE: string = typeof navigator === 'undefined' ? 'en' : localeOf([...(navigator.languages ?? []), navigator.language]);

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

interface Marks {
  group: string;
  decimal: string;
  minus: string;
}

const marksByLocale = new Map<string, Marks>();

export function marksOf(locale: string): Marks {
  let marks = marksByLocale.get(locale);
  if (marks === undefined) {
    const parts = new Intl.NumberFormat(locale, { useGrouping: true }).formatToParts(-1234567.5);
    const find = (type: string, fallback: string) => parts.find((part) => part.type === type)?.value ?? fallback;
    marks = { group: find('group', ''), decimal: find('decimal', '.'), minus: find('minusSign', '-') };
    marksByLocale.set(locale, marks);
  }
  return marks;
}

/**
 * A decimal in its JSON or OData spelling (`-1234.50`) for people (`−1,234.50`). Digits are grouped as text, never through a float.
 * At least `places` digits follow the decimal mark. What is no decimal is given back as it is.
 */
export function formatDecimal(text: string, places = 0, locale = LOCALE): string {
  const match = DECIMAL.exec(text.trim());
  if (match === null) return text;
  const [, sign = '', whole = '0', fraction = ''] = match;
  const marks = marksOf(locale);
  const digits = whole.replace(/^0+(?=\d)/, '');
  const grouped = groupDigits(digits, locale, marks);
  const shown = fraction.padEnd(places, '0');
  return `${sign === '' ? '' : marks.minus}${grouped}${shown === '' ? '' : marks.decimal + shown}`;
}

function groupDigits(digits: string, locale: string, marks: Marks): string {
  // Intl knows groups that are not of three (Indian locales) and locales that leave four digits whole; it takes big integers exactly.
  if (marks.group === '') return digits;
  return new Intl.NumberFormat(locale).format(BigInt(digits));
}

/** A number out of JSON as text, without an exponent. */
export function decimalText(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 }) : text;
}

export function formatInteger(value: number, locale = LOCALE): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(value);
}

/** A count of tokens: `840`, `12.4k`, `1.2M`. */
export function formatCompact(value: number, locale = LOCALE): string {
  if (value < 1000) return formatInteger(value, locale);
  return new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

export function formatBytes(bytes: number, locale = LOCALE): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return new Intl.NumberFormat(locale, { style: 'unit', unit: units[unit] ?? 'byte', unitDisplay: 'short', maximumFractionDigits: unit === 0 ? 0 : 1 }).format(size);
}

/** `84 ms`, `2.4 s`, `1 min 12 s`. */
export function formatDuration(ms: number, locale = LOCALE): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${new Intl.NumberFormat(locale, { maximumFractionDigits: seconds < 10 ? 1 : 0 }).format(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
