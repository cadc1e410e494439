import { describe, expect, it } from 'vitest';
import type { ToolCallItem } from '../reducers/view';
import { captionOf, sortRows, summarise, tableOf } from './toolResult';

function call(tool: string, input: unknown, output: unknown, status: ToolCallItem['status'] = 'ok', durationMs: number | null = 84): ToolCallItem {
  return { callId: 'c', runId: 'r', tool, effect: 'read', input, output, status, durationMs, startedAt: '2026-11-21T08:00:00Z', collectedFor: null };
}

const ROWS = [
  { id: '1', number: '10020', displayName: 'Fjordlys', balanceDue: 48210, blocked: false, dueDate: '2026-10-21' },
  { id: '2', number: '10030', displayName: 'alt', balanceDue: 9.5, blocked: true, dueDate: null },
  { id: '3', number: '9', displayName: null, balanceDue: 100, blocked: false, dueDate: '2026-01-02' },
];

describe('titles', () => {
  it.each([
    [call('bc_query_entities', { entity: 'customers' }, { entity: 'customers', rows: ROWS }), 'customers · 3 rows · 84 ms'],
    [call('bc_query_entities', { entity: 'customers' }, { entity: 'customers', rows: ROWS, count: 1200 }), 'customers · 3 of 1,200 rows · 84 ms'],
    [call('bc_query_entities', { entity: 'customers' }, { entity: 'customers', rows: [], count: 1 }), 'customers · 1 row · 84 ms'],
    [call('bc_query_entities', { entity: 'customers' }, { age: 'from 2 min ago. Set refresh.', rows: ROWS }), 'customers · 3 rows · from 2 min ago · 84 ms'],
    [call('bc_query_entities', { entity: 'customers' }, null, null, null), 'customers'],
    [call('bc_invoke_action', { entity: 'salesInvoices', action: 'post' }, {}), 'post · salesInvoices · 84 ms'],
    [call('bc_get_schema', { search: 'unpaid bills' }, {}), 'Fields of unpaid bills · 84 ms'],
    [call('todo_write', {}, {}), 'Plan · 84 ms'],
    [call('other_server_tool', 'text', ['x']), 'other_server_tool · 84 ms'],
  ])('%#', (item, title) => expect(summarise(item).title).toBe(title));

  it('says the sentence of a failure', () => {
    expect(summarise(call('bc_query_entities', {}, { error: { code: 'x', message: 'No.', suggestion: 'Try y.' } }, 'error')).error).toBe('No. Try y.');
    expect(summarise(call('bc_query_entities', {}, 'plain words', 'error')).error).toBe('plain words');
    expect(summarise(call('bc_update_entity', {}, { status: 'expired', message: 'Expired.' }, 'expired')).error).toBe('Expired.');
  });
});

describe('tables', () => {
  const table = tableOf({ rows: ROWS });
  it('knows what its columns hold and hides the ids', () => {
    expect(table?.columns.map(({ name, kind, places }) => [name, kind, places])).toEqual([
      ['number', 'code', 0],
      ['displayName', 'text', 0],
      ['balanceDue', 'number', 2],
      ['blocked', 'boolean', 0],
      ['dueDate', 'date', 0],
    ]);
  });
  it('sorts figures as figures, words as words, blanks last', () => {
    if (table === null) throw new Error('no table');
    expect(sortRows(table, 2, 'descending').map((row) => row[2])).toEqual([48210, 100, 9.5]);
    expect(sortRows(table, 0, 'ascending').map((row) => row[0])).toEqual(['9', '10020', '10030']);
    expect(sortRows(table, 1, 'descending').map((row) => row[1])).toEqual(['Fjordlys', 'alt', null]);
  });
  it('reads groups of an aggregate', () => {
    const groups = tableOf({ groups: [{ by: { city: 'Bergen' }, value: '1234.50', count: 7 }], rows_read: 812 });
    expect(groups?.rows).toEqual([['Bergen', '1234.50', 7]]);
  });
  it('takes anything', () => {
    for (const output of [{}, { rows: 'x' }, { rows: [1, 2] }, { rows: [{}] }, { groups: [null] }]) expect(() => tableOf(output)).not.toThrow();
  });
});

it('captions', () => expect(['displayName', 'number', 'balanceDue', 'salesOrderLines'].map(captionOf)).toEqual(['Display name', 'No.', 'Balance due', 'Sales order lines']));
