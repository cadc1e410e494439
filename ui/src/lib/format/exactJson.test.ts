import { describe, expect, it } from 'vitest';
import { readJson } from './exactJson';
import { formatDecimal } from './number';
import { tableOf } from './toolResult';

describe('exact JSON', () => {
  it.each(['{"a":1}', '[1.5,-0.25,0,1e3,"12345678901234567890",null,true]', '{"a":{"b":[{}]},"c":"\\u202E"}', '123456789012345', '0.1'])('is the web view’s own where a float will do: %s', (text) =>
    expect(readJson(text)).toEqual(JSON.parse(text)),
  );

  it.each([
    ['9007199254740993', '9007199254740993'],
    ['-123456789012345678.90', '-123456789012345678.90'],
    ['12345678901234.5678', '12345678901234.5678'],
    ['0.12345678901234567', '0.12345678901234567'],
    ['75000.0000000000000', 75000],
    ['1234567890123456', 1234567890123456],
    ['-0.00000000000000000', 0],
  ])('keeps the digits of %s', (text, value) => {
    const read = readJson(`{"amount":${text}}`) as { amount: unknown };
    expect(read.amount === 0 || read.amount === -0 ? 0 : read.amount).toBe(value);
  });

  it('leaves text that looks like a number as text, and refuses what is no JSON', () => {
    expect(readJson('["1234567890123456789", 9007199254740993]')).toEqual(['1234567890123456789', '9007199254740993']);
    for (const text of ['{"a":12345678901234567890', '[12345678901234567890,]', 'x12345678901234567890']) expect(() => readJson(text)).toThrow();
  });

  it('shows every digit in a table', () => {
    const table = tableOf(readJson('{"rows":[{"number":"1","balanceDue":12345678901234567.89},{"number":"2","balanceDue":1.5}]}') as Record<string, unknown>);
    expect(table?.columns[1]).toMatchObject({ kind: 'number', places: 2 });
    expect(formatDecimal(String(table?.rows[0]?.[1]), 2, 'en')).toBe('12,345,678,901,234,567.89');
  });
});
