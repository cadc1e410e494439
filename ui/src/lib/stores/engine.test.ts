import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { sampleBackend } from '../backend/sample';
import { engine } from './engine.svelte';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('asks again for a connection that has not answered yet, and no longer once it has', async () => {
  const backend = sampleBackend(new URLSearchParams('pace=0'));
  const ready = await backend.appInfo();
  let asked = 0;
  const appInfo = async () => (++asked < 3 ? { ...ready, connection: null, connection_pending: true } : ready);
  engine.connect({ ...backend, appInfo });
  await engine.refresh();
  expect(engine.info?.connection).toBeNull();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(engine.info?.connection).toEqual(ready.connection);
  expect(asked).toBe(3);
});

it('asks only so often where nothing answers', async () => {
  const backend = sampleBackend(new URLSearchParams('pace=0'));
  const ready = await backend.appInfo();
  let asked = 0;
  const appInfo = async () => (asked++, { ...ready, connection: null, connection_pending: true });
  engine.connect({ ...backend, appInfo });
  await engine.refresh();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked).toBe(61);
});
