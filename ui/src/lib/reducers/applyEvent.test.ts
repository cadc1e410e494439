import { describe, expect, it, vi } from 'vitest';
import type { AgentEvent, SessionDetail } from '../protocol';
import { connectionOf } from '../backend/sample/records';
import { play } from '../backend/sample/script';
import { newSession, SampleRun, type SampleApproval } from '../backend/sample/store';
import { applyEvent, applyEvents } from './applyEvent';
import { collectedIn } from './collected';
import { fromDetail } from './fromDetail';
import { collectionOf, emptyView, isUnderWay, NO_USAGE, latestRun, isRunning, type SessionView } from './view';

type Answer = (approval: SampleApproval) => void;

async function runOf(text: string, answer: Answer = () => undefined): Promise<{ detail: SessionDetail; events: AgentEvent[] }> {
  const detail = newSession('s', text, connectionOf('demo'), '2026-11-21T08:00:00Z');
  let tick = 0;
  const run = new SampleRun(detail, connectionOf('demo'), () => new Date(Date.UTC(2026, 10, 21, 8) + tick++ * 1000).toISOString());
  await play(run, text, { pace: 0, approvalMs: 60_000, asked: (approval) => setTimeout(() => answer(approval)) });
  return { detail, events: run.events };
}

/** What the store cannot know: how far events were applied, and how long the thinking took. */
function comparable(view: SessionView) {
  const { lastSeq: _lastSeq, thinkingMs: _thinkingMs, stale: _stale, ...rest } = view;
  return rest;
}

const approve: Answer = (approval) => approval.settle('approved', 'window', null);
const CASES: [string, Answer][] = [
  ['overdue', () => undefined],
  ['fail', () => undefined],
  ['long', () => undefined],
  ['create', approve],
  ['order', approve],
  ['post', (approval) => approval.settle('rejected', 'window', 'not this month')],
  ['set', approve],
  ['set', (approval) => approval.settle('rejected', 'window', null)],
  ['set', (approval) => approval.run.aborted.abort()],
  ['change', (approval) => approval.settle('expired', 'clock', null)],
  ['change', (approval) => approval.run.aborted.abort()],
];

describe('folding the events of a run', () => {
  it.each(CASES)('equals the view rebuilt from the store: %s', async (text, answer) => {
    const { detail, events } = await runOf(text, answer);
    const folded = applyEvents(emptyView('s'), events);
    expect(comparable(folded)).toEqual(comparable(fromDetail(detail)));
    expect(folded.stale).toBe(false);
    expect(isRunning(latestRun(folded))).toBe(false);
  });

  it('gives the same one by one, in batches, and replayed over itself', async () => {
    const { detail, events } = await runOf('order', approve);
    const whole = applyEvents(emptyView('s'), events);
    const single = events.reduce(applyEvent, emptyView('s'));
    let batched = emptyView('s');
    for (let at = 0; at < events.length; at += 7) batched = applyEvents(batched, events.slice(at, at + 7));
    expect(single).toEqual(whole);
    expect(batched).toEqual(whole);
    expect(applyEvents(whole, events)).toBe(whole);
    expect(comparable(applyEvents(fromDetail(detail), events))).toEqual(comparable(whole));
  });

  it('follows a run that is picked up in its middle from the store', async () => {
    const { detail, events } = await runOf('overdue');
    const running = structuredClone(detail);
    const run = running.runs[0];
    if (run) Object.assign(run, { stop_reason: null, completed_at: null });
    expect(comparable(applyEvents(fromDetail(running), events))).toEqual(comparable(fromDetail(detail)));
  });

  it('knows of each write of a set that it is collected, and that it was dropped where its run stops first', async () => {
    const detail = newSession('s', 'set', connectionOf('demo'), '2026-11-21T08:00:00Z');
    const run = new SampleRun(detail, connectionOf('demo'));
    let waiting: { events: AgentEvent[]; detail: SessionDetail } | undefined;
    run.listeners.add(() => {
      const results = run.events.filter((event) => event.type === 'message_completed' && event.role === 'user').length;
      if (waiting !== undefined || results < 2) return;
      waiting = { events: [...run.events], detail: structuredClone(detail) };
      run.aborted.abort();
    });
    await play(run, 'set', { pace: 0.05, approvalMs: 1000, asked: () => expect.unreachable() });
    if (waiting === undefined) return expect.unreachable();
    const standing = (view: SessionView, over: boolean) => [...view.toolCalls.values()].map((call) => [call.collectedFor, collectionOf(view, call, over), isUnderWay(view, call)]);
    const title = 'Set up Harbor Lights and its first order';
    for (const view of [applyEvents(emptyView('s'), waiting.events), fromDetail(waiting.detail)]) {
      expect(standing(view, false)).toEqual([[title, 'waits', false]]);
      expect(standing(view, true)).toEqual([[title, 'dropped', false]]);
    }
    for (const view of [applyEvents(emptyView('s'), run.events), fromDetail(detail)]) {
      expect(standing(view, true)).toEqual([[title, 'dropped', false]]);
      expect([...view.toolCalls.values()].map(({ status }) => status)).toEqual(['aborted']);
    }
  });

  it('takes no result of a read for a collected write, nor one that was cut', () => {
    const told = (output: string) => ({ type: 'tool_result' as const, call_id: 'c', status: 'ok' as const, output });
    const whole = '{"status":"collected","change_set":"Two customers"}';
    expect(collectedIn([told(whole)], () => ({ effect: 'write' }))).toEqual([['c', 'Two customers']]);
    expect(collectedIn([told(whole)], () => ({ effect: 'read' }))).toEqual([]);
    expect(collectedIn([told(whole)], () => undefined)).toEqual([]);
    for (const other of [whole.slice(0, 20), 'null', '"collected"', '{"status":"collected"}', '{"status":"ok","change_set":"x"}']) expect(collectedIn([told(other)], () => ({ effect: 'destructive' }))).toEqual([]);
  });

  it('says of a write that a person was asked about no more than what they decided', async () => {
    const { events } = await runOf('set', (approval) => approval.run.aborted.abort());
    const view = applyEvents(emptyView('s'), events);
    expect([...view.toolCalls.values()].map((call) => collectionOf(view, call, true))).toEqual([null, null, null]);
  });

  it('leaves the view it was given as it was', async () => {
    const { events } = await runOf('create', approve);
    const before = applyEvents(emptyView('s'), events.slice(0, 20));
    const copy = structuredClone(before);
    applyEvents(before, events.slice(20));
    expect(before).toEqual(copy);
  });

  it('marks the view stale when an event is missing, and passes over other sessions and unknown types', async () => {
    const { events } = await runOf('overdue');
    expect(applyEvents(emptyView('s'), events.filter(({ type }) => type !== 'tool_call_started')).stale).toBe(true);
    expect(applyEvents(emptyView('other'), events)).toEqual(emptyView('other'));
    const unknown = { ...events[0], seq: 1, type: 'from_the_future' } as unknown as AgentEvent;
    expect(applyEvents(emptyView('s'), [unknown]).messages).toEqual([]);
  });

  it('keeps the live message in segments and times the thinking', () => {
    const base = { run_id: 'r', session_id: 's' };
    const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
    const view = applyEvents(emptyView('s'), [
      { ...base, seq: 1, at: at(0), type: 'run_started', model: 'demo', connection: null },
      { ...base, seq: 2, at: at(0), type: 'thinking_delta', text: 'I ' },
      { ...base, seq: 3, at: at(2), type: 'thinking_delta', text: 'think' },
      { ...base, seq: 4, at: at(3), type: 'text_delta', text: 'So ' },
      { ...base, seq: 5, at: at(4), type: 'text_delta', text: 'it is' },
    ]);
    expect(view.live?.segments).toEqual([{ kind: 'thinking', text: 'I think' }, { kind: 'text', text: 'So it is' }]);
    const done = applyEvent(view, { ...base, seq: 6, at: at(5), type: 'message_completed', message_id: 'm', role: 'assistant', content: [{ type: 'text', text: 'So it is' }] });
    expect(done.live).toBeNull();
    expect(done.thinkingMs.get('m')).toBe(3000);
  });

  it('takes deltas that were joined on the way for no loss', () => {
    const base = { run_id: 'r', session_id: 's', at: '2026-11-21T08:00:00Z' };
    const view = applyEvents(emptyView('s'), [
      { ...base, seq: 1, type: 'run_started', model: 'demo', connection: null },
      { ...base, seq: 7, type: 'text_delta', text: 'joined, numbered by the last' },
      { ...base, seq: 8, type: 'usage', ...NO_USAGE },
      { ...base, seq: 9, type: 'text_delta', text: 'joined, numbered by the first' },
      { ...base, seq: 15, type: 'message_completed', message_id: 'm', role: 'assistant', content: [] },
    ]);
    expect(view.stale).toBe(false);
  });

  it('keeps what had streamed when the run ends in the middle of a message', async () => {
    const detail = newSession('s', 'long', connectionOf('demo'), '2026-11-21T08:00:00Z');
    const run = new SampleRun(detail, connectionOf('demo'));
    const played = play(run, 'long', { pace: 0.01, approvalMs: 1000, asked: () => undefined });
    await vi.waitFor(() => expect(run.events.filter(({ type }) => type === 'text_delta').length).toBeGreaterThan(5));
    run.aborted.abort();
    await played;
    const folded = applyEvents(emptyView('s'), run.events);
    const stored = fromDetail(detail);
    expect(folded.stale).toBe(true);
    expect(folded.messages.map(({ blocks, partial }) => ({ blocks, partial }))).toEqual(stored.messages.map(({ blocks, partial }) => ({ blocks, partial })));
    expect(folded.messages.at(-1)?.partial).toBe(true);
  });

  it('applies 100,000 deltas in batches of 1,000 within a second', () => {
    let view = emptyView('s');
    const from = performance.now();
    for (let batch = 0; batch < 100; batch += 1) {
      const events = Array.from({ length: 1000 }, (_, index): AgentEvent => ({ seq: batch * 1000 + index + 1, at: '2026-11-21T08:00:00Z', run_id: 'r', session_id: 's', type: 'text_delta', text: 'word ' }));
      view = applyEvents(view, events);
    }
    expect(view.live?.segments[0]?.text.length).toBe(500_000);
    expect(performance.now() - from).toBeLessThan(1000);
  });
});
