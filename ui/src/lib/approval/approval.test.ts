import { describe, expect, it } from 'vitest';
import { createOrder, raiseLimits, updateCustomer } from '../backend/sample/records';
import type { ApprovalView, FieldKind, Priority } from '../protocol';
import { ARMING_MS, pressed, shown, takesAnswers, takesClick, takesKeys, typed } from './arming';
import { formatValue, groupFields, isUnchanged } from './fields';
import { fractionLeft, inOrder, isWaiting, msLeft } from './queue';
import { blocksOf } from './revision';
import { editText, parseDecimal, readValue } from './values';
import { announcementOf, verdictOf } from './words';

function approval(id: string, priority: Priority, requestedAt: string, state: ApprovalView['state'] = 'pending'): ApprovalView {
  const expires = new Date(Date.parse(requestedAt) + 300_000).toISOString();
  return {
    request: { approval_id: id, change_set_id: id, session_id: 's', run_id: 'r', digest: id, priority, requested_at: requestedAt, expires_at: expires, connection: { name: 'Demo', kind: 'demo', tenant: '', environment: '', company: 'N', company_id: '', account: 'demo' }, changes: [], left_out: [], title: null, revision: 0, typed: null, dry_run: null },
    state,
    by: null,
    reason: null,
    resolved_at: null,
  };
}

describe('the first half second', () => {
  it('takes nothing before, everything after', () => {
    const arming = shown(1000);
    expect(takesAnswers(arming, 1000 + ARMING_MS - 1)).toBe(false);
    expect(takesAnswers(arming, 1000 + ARMING_MS)).toBe(true);
    expect(takesKeys(arming, 1000 + ARMING_MS)).toBe(true);
  });
  it('keeps keys out while a person goes on typing, but not clicks', () => {
    let arming = shown(0);
    for (const at of [100, 300, 499]) arming = typed(arming, at, 'x');
    expect(takesKeys(arming, 700)).toBe(false);
    expect(takesAnswers(arming, 700)).toBe(true);
    expect(takesKeys(arming, 999)).toBe(true);
    expect(typed(arming, 1000, 'r')).toBe(arming);
    // A word that is typed into an open dialog was meant for the composer: its spaces and r answer nothing.
    expect(takesKeys(typed(arming, 1000, 'o'), 1100)).toBe(false);
    expect(takesKeys(typed(arming, 1000, 'o'), 1500)).toBe(true);
  });
  it('wants a click to have begun when it took answers, the first of a row of them', () => {
    const early = pressed(shown(0), 400, 1);
    expect(takesClick(early, 700)).toBe(false);
    expect(takesClick(pressed(early, 650, 2), 700)).toBe(false);
    expect(takesClick(pressed(early, 650, 1), 700)).toBe(true);
    // Held down while another question takes the place.
    expect(takesClick(shown(1000, pressed(shown(0), 900, 1)), 2000)).toBe(false);
    // A click that no pointer made, of a screen reader.
    expect(takesClick(shown(0), 500)).toBe(true);
  });
});

describe('the queue', () => {
  const now = Date.parse('2026-11-21T08:01:00Z');
  it('asks the gravest first, then the oldest', () => {
    const list = [approval('a', 'low', '2026-11-21T08:00:00Z'), approval('b', 'high', '2026-11-21T08:00:30Z'), approval('c', 'high', '2026-11-21T08:00:10Z')];
    expect(inOrder(list).map(({ request }) => request.approval_id)).toEqual(['c', 'b', 'a']);
  });
  it('counts the time that is left', () => {
    const one = approval('a', 'low', '2026-11-21T08:00:00Z');
    expect(msLeft(one, now)).toBe(240_000);
    expect(fractionLeft(one, now)).toBeCloseTo(0.8);
    expect(isWaiting(one, now)).toBe(true);
    expect(isWaiting(one, now + 240_000)).toBe(false);
    expect(isWaiting(approval('a', 'low', '2026-11-21T08:00:00Z', 'rejected'), now)).toBe(false);
  });
});

describe('fields', () => {
  it('sets children of a document in rows of their own', () => {
    const { own, nested } = groupFields(createOrder('c'));
    expect(own.map(({ name }) => name)).toEqual(['customerNumber', 'orderDate']);
    expect(nested.map(({ name, rows }) => [name, rows.length])).toEqual([['salesOrderLines', 3]]);
    expect(nested[0]?.columns.map(({ caption }) => caption)).toEqual(['Item', 'Quantity', 'Unit price']);
  });
  it('loses no field', () => {
    for (const change of [createOrder('c'), updateCustomer('c')]) {
      const { own, nested } = groupFields(change);
      expect(own.length + nested.flatMap(({ rows }) => rows.flat()).filter((field) => field !== null).length).toBe(change.fields.length);
    }
  });
  it('knows what stays', () => expect(updateCustomer('c').fields.filter(isUnchanged).map(({ name }) => name)).toEqual(['currencyCode']));
  it('leaves text exactly as it is', () => expect(formatValue(' 007\u200B', 'text')).toBe(' 007\u200B'));
});

describe('what became of a write', () => {
  const at = '2026-11-21T08:00:00Z';
  const state = (name: ApprovalView['state']): ApprovalView => ({ ...approval('a', 'low', at, name), by: 'window' });
  it.each([
    [state('pending'), null, null, 'Waiting for your decision.'],
    [state('approved'), 'confirmed', null, 'Approved by you, in this window, written and read back.'],
    [state('approved'), 'failed', 'The record was changed.', 'Approved by you, in this window, but it failed. The record was changed.'],
    [{ ...state('rejected'), reason: 'No' }, null, null, 'Rejected by you, in this window: “No”. Nothing was changed.'],
    [state('expired'), null, null, 'Expired without an answer. Nothing was changed.'],
    [state('aborted'), null, null, 'Aborted before an answer. Nothing was changed.'],
  ] as const)('%#', (view, outcome, message, text) => expect(verdictOf(view, outcome, message).text).toBe(text));
  it('never says that nothing was changed when that is not known', () => {
    expect(verdictOf(state('approved'), 'unknown', null).text).not.toContain('Nothing was changed');
  });
});

describe('typed values', () => {
  const editor = { options: ['Person', 'Company'], relation: null, max_length: 5 };
  const value = (typed: string, kind: FieldKind, locale = 'en') => {
    const read = readValue(typed, kind, editor, locale);
    return read.ok ? read.value : undefined;
  };
  it.each([
    ['1,234.50', 'en', '1234.50'],
    ['1234.50', 'en', '1234.50'],
    ['1.234,50', 'de', '1234.50'],
    ['1234,5', 'de', '1234.5'],
    ['1 234,50', 'nb', '1234.50'],
    ['\u22121 234', 'nb', '-1234'],
    ['12,34,567.8', 'en-IN', '1234567.8'],
    ['007', 'en', '7'],
    ['123456789012345678901234567890.12', 'en', '123456789012345678901234567890.12'],
    ['1.5', 'de', null],
    ['1,5', 'en', null],
    ['12,34', 'en', null],
    ['1e3', 'en', null],
    ['', 'en', null],
    ['1.', 'en', null],
  ])('reads %s as %s has it', (typed, locale, expected) => expect(parseDecimal(typed, locale)).toBe(expected));
  it.each(['en', 'de', 'nb', 'fr', 'de-CH', 'es', 'pl', 'pt-PT', 'en-IN'])('takes back what it shows: %s', (locale) => {
    for (const text of ['0', '-0.5', '1234.5', '12345.67', '1234567', '98765432109876543210.01']) expect(parseDecimal(editText(text, 'decimal', locale), locale)).toBe(text);
  });
  it('checks days, codes, lengths, members and whole numbers', () => {
    expect(value('2026-02-28', 'date')).toBe('2026-02-28');
    for (const wrong of ['2026-02-30', '28.2.2026', '2026-2-3']) expect(value(wrong, 'date')).toBeUndefined();
    expect(value('', 'date')).toBeNull();
    expect(value(' nok ', 'code')).toBe('NOK');
    expect(value('ABCDEF', 'code')).toBeUndefined();
    expect(value('  x  ', 'text')).toBe('  x  ');
    expect(value('Company', 'enumeration')).toBe('Company');
    expect(value('company', 'enumeration')).toBeUndefined();
    expect([value('12', 'integer'), value('1.5', 'integer')]).toEqual(['12', undefined]);
  });
});

describe('what is said of the time that is left', () => {
  it('speaks at four moments only', () => {
    const said = Array.from({ length: 301 }, (_, second) => announcementOf((300 - second) * 1000));
    expect(said.filter((text, at) => text !== said[at - 1])).toEqual(['', 'One minute left.', 'Thirty seconds left.', 'Ten seconds left.', 'Time is up. Nothing was changed.']);
  });
});

describe('writes of a set', () => {
  it('loses none of them, whatever stands in one table', () => {
    const changes = [...raiseLimits(['a', 'b']), createOrder('c'), updateCustomer('d'), ...raiseLimits(['e'])];
    const blocks = blocksOf(changes.map((change) => ({ change, leftOut: false })));
    expect(blocks.flatMap((block) => (block.kind === 'table' ? block.lines : [block.line])).map(({ change }) => change)).toEqual(changes);
    expect(blocks.map(({ kind }) => kind)).toEqual(['table', 'one', 'one', 'one']);
  });
});
