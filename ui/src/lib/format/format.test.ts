import { describe, expect, it } from 'vitest';
import { dayGroup, formatCountdown, formatDate } from './date';
import { toCsv, toTsv } from './delimited';
import { decimalText, formatDecimal, formatDuration, localeOf } from './number';
import { mixesScripts, visible, visibleParts } from './visible';

const plain = (text: string) => text.replace(/[\u00A0\u202F]/g, ' ');

describe('decimals', () => {
  it.each([
    ['1234.5', 2, 'en', '1,234.50'],
    ['-0.005', 2, 'en', '-0.005'],
    ['48210.00', 2, 'de', '48.210,00'],
    ['48210', 2, 'nb', '48 210,00'],
    ['1234567.8', 0, 'en-IN', '12,34,567.8'],
    ['000123', 0, 'en', '123'],
    ['12345678901234567890.123456789012345678', 2, 'en', '12,345,678,901,234,567,890.123456789012345678'],
    ['9007199254740993', 0, 'en', '9,007,199,254,740,993'],
    ['not a number', 2, 'en', 'not a number'],
    ['1e5', 2, 'en', '1e5'],
  ])('%s with %i places in %s is %s', (text, places, locale, expected) => expect(plain(formatDecimal(text, places, locale))).toBe(expected));
  it('spells out exponents', () => expect(decimalText(1e-7)).toBe('0.0000001'));
  it.each([[84, '84 ms'], [2400, '2.4 s'], [72_000, '1 min 12 s']])('%i ms is %s', (ms, expected) => expect(formatDuration(ms, 'en')).toBe(expected));
});

it.each([[['C'], 'en'], [['C.UTF-8', 'POSIX', 'nb-NO'], 'nb-NO'], [[''], 'en'], [[], 'en'], [['de', 'en'], 'de']])('of the languages %j takes %s', (languages, expected) => expect(localeOf(languages)).toBe(expected));

describe('days', () => {
  const now = new Date(2026, 10, 21, 9);
  it.each([[0, 'Today'], [1, 'Yesterday'], [3, 'Wednesday'], [12, 'November'], [40, 'October'], [400, 'October 2025']])('%i days ago is under %s', (days, expected) => {
    expect(dayGroup(new Date(2026, 10, 21 - days, 8).toISOString(), now, 'en')).toBe(expected);
  });
  it('shows a day as that day in every zone, and none as nothing', () => {
    expect(formatDate('2026-11-21', 'en-GB')).toBe('21 Nov 2026');
    expect(formatDate('0001-01-01', 'en')).toBe('');
  });
  it('counts down in whole seconds, never below zero', () => {
    expect([252_000, 251_001, 59_000, 1, 0, -5].map(formatCountdown)).toEqual(['4:12', '4:12', '0:59', '0:01', '0:00', '0:00']);
  });
});

describe('what cannot be seen', () => {
  it.each([
    ['a\u202Eb', 'a\\u{202E}b'],
    ['a\u200Bb\u2066c', 'a\\u{200B}b\\u{2066}c'],
    ['a\u{E0041}', 'a\\u{E0041}'],
    ['line\nbreak\ttab', 'line\\nbreak\\ttab'],
    ['\u00A0x\u3164', '\\u{00A0}x\\u{3164}'],
    ['\u0000\u001B[31m', '\\u{0000}\\u{001B}[31m'],
    ['\uFEFFx\u00AD', '\\u{FEFF}x\\u{00AD}'],
    [' edge ', '\\u{0020}edge\\u{0020}'],
    ['  ', '\\u{0020}\\u{0020}'],
    ['\uD800', '\\u{D800}'],
    ['Ålesund – «Kafé» 日本 🙂', 'Ålesund – «Kafé» 日本 🙂'],
  ])('%j is shown as %s', (text, expected) => expect(visible(text)).toBe(expected));

  it('drops and joins nothing, for every character of the first planes', { timeout: 30_000 }, () => {
    for (let code = 0; code <= 0xe01ff; code += code < 0x3000 ? 1 : 17) {
      const text = `a${String.fromCodePoint(code)}b`;
      const parts = visibleParts(text);
      const back = parts.map(({ text: part, hidden }) => (hidden ? unescape1(part) : part)).join('');
      expect(back).toBe(text);
    }
  });
  it('marks words of two scripts', () => {
    expect(mixesScripts('Fаbrikam')).toBe(true);
    expect(mixesScripts('Fabrikam Москва')).toBe(false);
  });
});

function unescape1(part: string): string {
  const named: Record<string, string> = { '\\n': '\n', '\\r': '\r', '\\t': '\t' };
  return named[part] ?? String.fromCodePoint(Number.parseInt(part.slice(3, -1), 16));
}

describe('rows for a spreadsheet', () => {
  const rows = [['name', 'amount'], ['A, "B"', 12.5], ['=HYPERLINK("x")', -3], ['two\nlines', null]];
  it('quotes as RFC 4180 says and defuses formulas', () => {
    expect(toCsv(rows)).toBe('name,amount\r\n"A, ""B""",12.5\r\n"\'=HYPERLINK(""x"")",-3\r\n"two\nlines",\r\n');
  });
  it('keeps one line per row in TSV', () => expect(toTsv(rows).split('\n')).toHaveLength(4));
});
