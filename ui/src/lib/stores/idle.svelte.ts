/**
 * The lock of the window: after some minutes without use (a setting, off by default) nothing of the books is on the screen until
 * the person unlocks it. It covers the screen and no more: what runs goes on, and files and the terminal are as they were.
 */
import type { AccountId, AccountView } from '../protocol';
import { accounts } from './accounts.svelte';
import { engine } from './engine.svelte';

export const LOCK_SETTING = 'window.lock_after_minutes';
/** What the web view remembers, so that a window that is opened anew is not open for a moment. */
const KEY = 'lock-after';
const MINUTE = 60_000;
const LOOK_MS = 2_000;
const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const;

function remembered(): number {
  return Number(localStorage.getItem(KEY) ?? '0') || 0;
}

class Idle {
  #minutes = remembered();
  #used = Date.now();
  locked = $state(this.#minutes > 0);
  /** Whose sign-in opens it; null where pressing a button does. */
  owner = $state.raw<AccountView | null>(null);
  /** Whether it is known whose it is: until then nothing opens it. */
  known = $state(false);
  refusal = $state<string | null>(null);

  /** Looks at the clock and for signs of a person until the answer is called. For use in an effect. */
  watch(): () => void {
    const used = () => {
      // A suspended machine wakes up with a movement: it is locked first.
      this.look();
      if (!this.locked) this.#used = Date.now();
    };
    for (const sign of SIGNS) window.addEventListener(sign, used, { capture: true, passive: true });
    const timer = setInterval(() => this.look(), LOOK_MS);
    return () => {
      for (const sign of SIGNS) window.removeEventListener(sign, used, { capture: true });
      clearInterval(timer);
    };
  }

  /** Reads the setting; where it is off, a window that opened locked is opened. */
  async load(): Promise<void> {
    const settings = await engine.backend.listSettings().catch(() => null);
    if (settings === null) return;
    this.#take(Number(settings.find(({ key }) => key === LOCK_SETTING)?.value ?? '0') || 0);
    if (this.locked) await this.#findOwner();
  }

  look(): void {
    // A clock that was set back says nothing about how long nobody was there.
    if (this.locked && !this.known) void this.#findOwner();
    if (this.locked || this.#minutes === 0 || Math.abs(Date.now() - this.#used) < this.#minutes * MINUTE) return;
    this.locked = true;
    this.known = false;
    this.refusal = null;
    void this.#findOwner();
  }

  /** Opens it for the one who signed in, or for whoever pressed the button where nobody is signed in. */
  unlock(who: AccountView | null): void {
    if (this.locked && !this.known) return;
    if (this.owner !== null && who?.account_id !== this.owner.account_id) {
      this.refusal = `This window belongs to ${this.owner.name}. Sign in as the same person.`;
      return;
    }
    this.#open();
  }

  #open(): void {
    this.locked = false;
    this.refusal = null;
    this.#used = Date.now();
  }

  #take(minutes: number): void {
    this.#minutes = minutes;
    if (minutes > 0) localStorage.setItem(KEY, String(minutes));
    else {
      localStorage.removeItem(KEY);
      this.#open();
    }
  }

  /** Whose window it is. What can't be found out now is looked for again. */
  async #findOwner(): Promise<void> {
    await accounts.load();
    if (engine.info === null || accounts.failure !== null) return;
    this.owner = ownerOf(accounts.list, engine.info.account_id);
    this.known = true;
  }
}

/**
 * Who opens it, while anybody is signed in here: the account of the active connection, also where it is the one that has to sign in again (the
 * sign-in that the lock offers takes no other). Where the connection has none, as one that a token opens, the one that came first: whoever signs
 * in at a locked window is not its owner by that. Names say nothing: two people may share one.
 */
function ownerOf(list: readonly AccountView[], accountId: AccountId | null): AccountView | null {
  const signedIn = list.filter((account) => account.signed_in).sort((a, b) => a.last_sign_in.localeCompare(b.last_sign_in));
  if (signedIn.length === 0) return null;
  return list.find((account) => account.account_id === accountId) ?? signedIn[0] ?? null;
}

export const idle = new Idle();
