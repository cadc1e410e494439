import { describe, expect, it } from 'vitest';
import { connectionOf } from '../backend/sample/records';
import type { Block, StopReason } from '../protocol';
import { NO_USAGE, type MessageItem, type RunItem } from '../reducers/view';
import { hasLeft, isNearEnd } from './follow';
import { snippetParts } from './groups';
import { rowsOf } from './rows';

describe('following the end', () => {
  const end = { top: 600, height: 1000, client: 400 };
  it.each([
    ['content grew', { top: 600, height: 1400, client: 400 }, false],
    ['the reader went up', { top: 300, height: 1000, client: 400 }, true],
    ['the reader went up while content grew', { top: 300, height: 1400, client: 400 }, true],
    ['content shrank', { top: 500, height: 900, client: 400 }, false],
    ['the region grew', { top: 550, height: 1000, client: 450 }, false],
    ['the reader went up a little', { top: 580, height: 1000, client: 400 }, false],
  ])('%s', (_name, now, left) => expect(hasLeft(end, now)).toBe(left));
  it('knows the end', () => expect([isNearEnd(end), isNearEnd({ ...end, top: 500 })]).toEqual([true, false]));
});

describe('rows', () => {
  const message = (id: string, runId: string, role: 'user' | 'assistant', blocks: Block[]): MessageItem => ({ id, runId, role, blocks, at: '', partial: false });
  const run = (runId: string, stopReason: StopReason | null, more: Partial<RunItem> = {}): RunItem => ({ runId, model: '', connection: connectionOf('demo'), startedAt: '', stopReason, interrupted: false, turns: 0, usage: NO_USAGE, todos: [], error: null, ...more });
  const text = (words: string): Block => ({ type: 'text', text: words });
  const result: Block = { type: 'tool_result', call_id: 'c', status: 'ok', output: '' };

  it('leaves out what only carries results, and names a voice once', () => {
    const rows = rowsOf([message('1', 'a', 'user', [text('Hi')]), message('2', 'a', 'assistant', [text('x')]), message('3', 'a', 'user', [result]), message('4', 'a', 'assistant', [text('y')])], [run('a', 'end_turn')]);
    expect(rows.map((row) => (row.kind === 'message' ? [row.key, row.first] : row.key))).toEqual([['1', true], ['2', true], ['4', false]]);
  });

  it.each([
    [run('a', 'cancelled'), 'You stopped this run.', false],
    [run('a', 'error', { error: 'The key was refused.' }), 'The key was refused.', true],
    [run('a', null, { interrupted: true }), 'This run was interrupted: BC Agent was closed while it went on. What was done until then is above.', false],
  ])('says how a run ended that did not end by itself: %#', (ended, words, problem) => {
    expect(rowsOf([message('1', 'a', 'user', [text('Hi')])], [ended]).at(-1)).toMatchObject({ kind: 'end', text: words, problem });
  });

  it('says so where it happened, not only at the end', () => {
    const rows = rowsOf([message('1', 'a', 'user', [text('Hi')]), message('2', 'b', 'user', [text('Again')])], [run('a', 'cancelled'), run('b', 'end_turn')]);
    expect(rows.map(({ key }) => key)).toEqual(['1', 'end-a', '2']);
  });
});

it('finds what was found', () => {
  expect(snippetParts('\u0002Har\u0003bor \u0002Har\u0003')).toEqual([{ text: 'Har', hit: true }, { text: 'bor ', hit: false }, { text: 'Har', hit: true }]);
  expect(snippetParts('plain')).toEqual([{ text: 'plain', hit: false }]);
});
