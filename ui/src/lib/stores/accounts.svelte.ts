/** The people who signed in on this computer, and the sign-in that waits for the browser. */
import { asUserError } from '../backend/backend';
import type { AccountId, AccountView } from '../protocol';
import { engine } from './engine.svelte';

/** How long the engine waits for the browser (RFC 8252 sets no bound; the engine's is five minutes). */
export const PATIENCE_MS = 300_000;

class Accounts {
  list = $state.raw<readonly AccountView[]>([]);
  loaded = $state(false);
  failure = $state<string | null>(null);
  /** When the sign-in that waits began, in milliseconds since 1970. */
  waitingSince = $state<number | null>(null);

  async load(): Promise<void> {
    try {
      this.list = await engine.backend.listAccounts();
      this.failure = null;
    } catch (thrown) {
      this.failure = asUserError(thrown).message;
    }
    this.loaded = true;
  }

  /** Sends the person to the browser and waits. Null where nothing came of it; `failure` says why, unless they stopped it. */
  signIn(connection: string | null): Promise<AccountView | null> {
    return this.#wait(() => engine.backend.signIn({ connection }));
  }

  /** Lets an account be used in Business Central: silently, or by one more visit of the browser. */
  connect(accountId: AccountId): Promise<AccountView | null> {
    return this.#wait(() => engine.backend.connectAccount({ account_id: accountId }));
  }

  async cancel(): Promise<void> {
    await engine.attempt(async () => void (await engine.backend.cancelSignIn()));
  }

  async signOut(accountId: AccountId): Promise<void> {
    await engine.attempt(() => engine.backend.signOut({ account_id: accountId }));
    await this.load();
  }

  async remove(accountId: AccountId): Promise<void> {
    await engine.attempt(() => engine.backend.removeAccount({ account_id: accountId }));
    await Promise.all([this.load(), engine.refresh()]);
  }

  async #wait(visit: () => Promise<AccountView>): Promise<AccountView | null> {
    if (this.waitingSince !== null) return null;
    this.waitingSince = Date.now();
    this.failure = null;
    try {
      const account = await visit();
      await this.load();
      return account;
    } catch (thrown) {
      const { code, message } = asUserError(thrown);
      if (code !== 'cancelled') this.failure = message;
      return null;
    } finally {
      this.waitingSince = null;
    }
  }
}

export const accounts = new Accounts();
