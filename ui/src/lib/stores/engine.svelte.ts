/** The engine behind the window and what it says about itself. Every other store asks through `engine.backend`. */
import { asUserError, type Backend } from '../backend/backend';
import type { AppInfo } from '../protocol';
import { toasts } from './toasts.svelte';

/** How long after an answer without a connection it is asked for again; at most so often, because each time somebody waits at the other end. */
const ASK_AGAIN = 1_000;
const ATTEMPTS = 60;

class Engine {
  #backend: Backend | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  info = $state.raw<AppInfo | null>(null);
  /** Why the engine could not be reached, as a sentence. */
  failure = $state<string | null>(null);

  get backend(): Backend {
    if (this.#backend === undefined) throw new Error('The engine is not connected yet.');
    return this.#backend;
  }

  connect(backend: Backend): void {
    this.#backend = backend;
  }

  async refresh(): Promise<void> {
    try {
      this.info = await this.backend.appInfo();
      this.failure = null;
      this.#followConnection(this.info.connection_pending);
    } catch (thrown) {
      this.failure = asUserError(thrown).message;
    }
  }

  /** A server that is slow to answer, or a demo company that is still being made, is there a moment later. */
  #followConnection(pending: boolean): void {
    clearTimeout(this.#again);
    this.#attempts = pending ? this.#attempts + 1 : 0;
    if (pending && this.#attempts <= ATTEMPTS) this.#again = setTimeout(() => void this.refresh(), ASK_AGAIN);
  }

  /** Does something and says it when it fails. False where it failed. */
  async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      toasts.error(asUserError(thrown).message);
      return false;
    }
  }
}

export const engine = new Engine();
