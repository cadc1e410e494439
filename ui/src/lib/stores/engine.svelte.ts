/** The engine behind the window and what it says about itself. Every other store asks through `engine.backend`. */
import { asUserError, type Backend } from '../backend/backend';
import type { AppInfo } from '../protocol';
import { toasts } from './toasts.svelte';

class Engine {
  #backend: Backend | undefined;
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
    } catch (thrown) {
      this.failure = asUserError(thrown).message;
    }
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
