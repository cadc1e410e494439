import { expect, it } from 'vitest';
import { differencesOf, madeOf } from './readback';

it('says what Business Central keeps otherwise', () => {
  expect(differencesOf({ differences: [{ property: 'creditLimit', sent: 75000, found: null }] })).toEqual([{ caption: 'Credit limit', sent: '75000', found: 'nothing' }]);
});

it('names the document that an action made', () => {
  expect(madeOf({ result: { entity: 'salesOrders', id: 'x', number: '101012' } })).toBe('Sales orders 101012');
});

it('takes anything', () => {
  for (const output of [null, 'text', [], {}, { differences: 'x', result: 1 }, { differences: [null] }]) {
    expect(differencesOf(output)).toEqual([]);
    expect(madeOf(output)).toBeNull();
  }
});
