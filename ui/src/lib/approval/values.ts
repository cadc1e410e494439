/** What a person types into an editor of an approval, read into the text that the engine takes. The engine checks it again. */
import { formatDecimal, LOCALE, marksOf } from '../format/number';
import type { FieldEditor, FieldKind } from '../protocol';

/** The text for the engine (`null` clears the field), or a sentence that says what is wrong. */
export type ReadValue = { ok: true; value: string | null } | { ok: false; problem: string };

const fine = (value: string | null): ReadValue => ({ ok: true, value });
const wrong = (problem: string): ReadValue => ({ ok: false, problem });

export function readValue(typed: string, kind: FieldKind, editor: FieldEditor, locale = LOCALE): ReadValue {
  switch (kind) {
    case 'text':
      return withinLength(typed, editor);
    case 'code':
      return withinLength(typed.trim().toUpperCase(), editor);
    case 'decimal':
      return readNumber(typed, true, locale);
    case 'integer':
      return readNumber(typed, false, locale);
    case 'date':
      return readDate(typed.trim());
    case 'date_time':
      return readDateTime(typed.trim());
    case 'boolean':
      return typed === 'true' || typed === 'false' ? fine(typed) : wrong('Choose Yes or No.');
    case 'enumeration':
      return editor.options.includes(typed) ? fine(typed) : wrong('Choose one of the values.');
    case 'reference':
      return fine(typed === '' ? null : typed);
    case 'json':
      return wrong('This value cannot be edited here.');
  }
}

/** Characters are counted as Business Central counts them: by UTF-16 unit. */
function withinLength(text: string, { max_length: most }: FieldEditor): ReadValue {
  return most !== null && text.length > most ? wrong(`At most ${most} characters; this has ${text.length}.`) : fine(text);
}

function readNumber(typed: string, fractions: boolean, locale: string): ReadValue {
  if (typed.trim() === '') return fine(null);
  const example = formatDecimal(fractions ? '1234.5' : '1234', 0, locale);
  const text = parseDecimal(typed, locale);
  if (text === null) return wrong(`This is not a number as it is written here. Write it like ${example}.`);
  if (!fractions && text.includes('.')) return wrong('A whole number, please.');
  return fine(text);
}

/**
 * `1.234,50` or `1,234.50` or `1 234,50`, as the locale has it, as `1234.50`; null where it is none of these. Groups must be where the
 * locale puts them: `1.5` is no German number, and must not become fifteen.
 */
export function parseDecimal(typed: string, locale = LOCALE): string | null {
  const marks = marksOf(locale);
  const plain = typed.trim().replace(/^[\u2212\u2012\u2013]/, '-').replace(marks.minus, '-');
  const sign = plain.startsWith('-') ? '-' : '';
  const unsigned = sign === '' ? plain : plain.slice(1);
  const parts = unsigned.split(marks.decimal);
  const [whole = '', fraction] = parts;
  if (parts.length > 2 || (fraction !== undefined && !/^\d+$/.test(fraction))) return null;
  const digits = ungrouped(whole, locale, marks.group);
  return digits === null ? null : `${sign}${digits}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** Digits without group marks, where those stand as the locale sets them or are left out. Any space counts for a space. */
function ungrouped(whole: string, locale: string, group: string): string | null {
  if (/^\d+$/.test(whole)) return whole.replace(/^0+(?=\d)/, '');
  const spaced = (text: string) => text.replace(/[\s\u00A0\u202F]/g, ' ').replaceAll('’', "'");
  const digits = spaced(whole).replaceAll(spaced(group), '');
  if (!/^\d+$/.test(digits)) return null;
  const always = new Intl.NumberFormat(locale, { useGrouping: 'always' as unknown as boolean }).format(BigInt(digits));
  return spaced(always) === spaced(whole) ? digits : null;
}

function readDate(text: string): ReadValue {
  if (text === '') return fine(null);
  const at = new Date(`${text}T00:00:00Z`);
  const real = /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
  return real ? fine(text) : wrong('This is not a day. Write it like 2026-11-30.');
}

/** From the machine's own time to UTC. */
function readDateTime(text: string): ReadValue {
  if (text === '') return fine(null);
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? wrong('This is not a moment. Write it like 2026-11-30T14:00.') : fine(at.toISOString());
}

/** A value as an editor shows it at first. */
export function editText(value: string | null, kind: FieldKind, locale = LOCALE): string {
  if (value === null) return '';
  switch (kind) {
    case 'decimal':
    case 'integer':
      return formatDecimal(value, 0, locale);
    case 'date':
      return value.startsWith('0001-01-01') ? '' : value;
    case 'date_time':
      return localMoment(value);
    case 'text':
    case 'code':
    case 'boolean':
    case 'enumeration':
    case 'reference':
    case 'json':
      return value;
  }
}

/** `2026-11-30T14:00` on this machine's clock, as `datetime-local` wants it. */
function localMoment(value: string): string {
  const at = new Date(value);
  if (Number.isNaN(at.getTime()) || value.startsWith('0001-01-01')) return '';
  const two = (part: number) => String(part).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
