/**
 * Whether what is on screen still holds: one small question to the engine for the results that are shown, when the window comes to the front
 * and each minute while it is seen. After a failure it asks less and less often; what is hidden costs nothing.
 */
import type { ShownChange } from '../protocol';
import { engine } from './engine.svelte';

/** As many as the engine looks at in one go. */
const MOST = 8;
const EVERY_MS = 60_000;
const LONGEST_MS = 15 * 60_000;
/** Coming to the front again and again asks no more often than this. */
const LEAST_MS = 10_000;

export interface Shown {
  connection: string | null;
  input: unknown;
  asOf: string;
}

class Freshness {
  /** Records that were created or changed since, by the key of the result. */
  changed = $state<Record<string, number>>({});
  #shown = new Map<string, Shown>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  #pause = EVERY_MS;
  #asking = false;

  /** Follows a result until the answer is called. For use in an effect. */
  follow(key: string, shown: Shown): () => void {
    this.#shown.delete(key);
    this.#shown.set(key, shown);
    this.#later();
    return () => {
      if (this.#shown.get(key) !== shown) return;
      this.#shown.delete(key);
      this.forget(key);
    };
  }

  /** The result was read again. */
  forget(key: string): void {
    if (key in this.changed) this.changed = Object.fromEntries(Object.entries(this.changed).filter(([known]) => known !== key));
  }

  /** Looks when the window comes to the front, until the answer is called. For use in an effect. */
  watch(): () => void {
    const front = () => {
      // A clock that was set back says nothing about when it was asked last.
      if (document.visibilityState === 'visible' && Math.abs(Date.now() - this.#asked) >= LEAST_MS) void this.look();
    };
    document.addEventListener('visibilitychange', front);
    window.addEventListener('focus', front);
    return () => {
      document.removeEventListener('visibilitychange', front);
      window.removeEventListener('focus', front);
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  #later(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.look();
    }, this.#pause);
  }

  /** Asks about the results that came on screen last, those of one connection in one go. */
  async look(): Promise<void> {
    if (this.#asking || this.#shown.size === 0) return;
    if (document.visibilityState !== 'visible' || !navigator.onLine) return this.#later();
    this.#asking = true;
    this.#asked = Date.now();
    const newest = [...this.#shown].slice(-MOST);
    const connections = new Set(newest.map(([, { connection }]) => connection));
    try {
      const found: ShownChange[] = [];
      for (const connection of connections) {
        const shown = newest.filter(([, known]) => known.connection === connection).map(([key, { input, asOf }]) => ({ key, input, as_of: asOf }));
        found.push(...(await engine.backend.shownChanges({ connection, shown })));
      }
      const asked = new Map(newest);
      const next = { ...this.changed };
      for (const { key, changed } of found) {
        // What was read again meanwhile is another result.
        if (this.#shown.get(key) !== asked.get(key)) continue;
        if (changed === null || changed === 0) delete next[key];
        else next[key] = changed;
      }
      this.changed = next;
      this.#pause = EVERY_MS;
    } catch {
      // Nobody asked for this: what is shown says its age, and a later look may go.
      this.#pause = Math.min(this.#pause * 2, LONGEST_MS);
    } finally {
      this.#asking = false;
      this.#later();
    }
  }
}

export const freshness = new Freshness();
