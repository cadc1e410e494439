import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ShownChange } from '../protocol';
import { useBackend } from '../../test/fakeBackend';
import { freshness } from './freshness.svelte';

const AS_OF = '2026-11-21T10:00:00Z';
let ends: (() => void)[] = [];

function show(key: string, connection: string | null = 'demo') {
  ends.push(freshness.follow(key, { connection, input: { entity: 'customers' }, asOf: AS_OF }));
}

beforeEach(() => {
  vi.useFakeTimers();
  ends = [freshness.watch()];
});

afterEach(() => {
  ends.forEach((end) => end());
  vi.useRealTimers();
});

describe('what is on screen', () => {
  it('is looked at each minute, the newest eight, those of one connection in one go', async () => {
    const shownChanges = vi.fn(async ({ shown }: { shown: readonly { key: string }[] }): Promise<ShownChange[]> => shown.map(({ key }) => ({ key, changed: key === 'call_9' ? 3 : 0 })));
    useBackend({ shownChanges });
    for (let n = 0; n < 9; n += 1) show(`call_${n}`);
    show('call_9', 'other');
    await vi.advanceTimersByTimeAsync(59_000);
    expect(shownChanges).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(shownChanges.mock.calls.map(([{ shown }]) => shown.length)).toEqual([7, 1]);
    expect(shownChanges).toHaveBeenLastCalledWith({ connection: 'other', shown: [{ key: 'call_9', input: { entity: 'customers' }, as_of: AS_OF }] });
    expect(freshness.changed).toEqual({ call_9: 3 });
    freshness.forget('call_9');
    expect(freshness.changed).toEqual({});
    await vi.advanceTimersByTimeAsync(60_000);
    expect(shownChanges).toHaveBeenCalledTimes(4);
  });

  it('is looked at when the window comes to the front, but not at every glance', async () => {
    const shownChanges = vi.fn(async () => []);
    useBackend({ shownChanges });
    show('call_1');
    await vi.advanceTimersByTimeAsync(15_000);
    window.dispatchEvent(new Event('focus'));
    await vi.advanceTimersByTimeAsync(5_000);
    window.dispatchEvent(new Event('focus'));
    expect(shownChanges).toHaveBeenCalledTimes(1);
  });

  it('is asked for less and less often while that fails, and not at all once it is gone', async () => {
    const shownChanges = vi.fn(() => Promise.reject({ code: 'business_central_unavailable', message: 'No network.', retryable: true }));
    useBackend({ shownChanges });
    show('call_1');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(shownChanges).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(119_000);
    expect(shownChanges).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(shownChanges).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(shownChanges.mock.calls.length).toBeLessThan(9);
    const before = shownChanges.mock.calls.length;
    ends.splice(1).forEach((end) => end());
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(shownChanges).toHaveBeenCalledTimes(before);
  });
});
