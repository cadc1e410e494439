/** What a reload of the web view must not lose: unsent words, per session, and which session was on screen. They live as long as the web view's session: quitting leaves nothing behind. */
import type { SessionId } from '../protocol';

const PREFIX = 'draft:';

function keyOf(sessionId: SessionId | null): string {
  return PREFIX + (sessionId ?? 'new');
}

function storage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

/** The session on screen: it comes back after a reload of the web view. */
export const lastSession = {
  get(): SessionId | null {
    return storage()?.getItem('session') ?? null;
  },
  set(sessionId: SessionId | null): void {
    if (sessionId === null) storage()?.removeItem('session');
    else storage()?.setItem('session', sessionId);
  },
};

export const drafts = {
  get(sessionId: SessionId | null): string {
    return storage()?.getItem(keyOf(sessionId)) ?? '';
  },
  set(sessionId: SessionId | null, text: string): void {
    try {
      if (text === '') storage()?.removeItem(keyOf(sessionId));
      else storage()?.setItem(keyOf(sessionId), text);
    } catch {
      // A draft larger than the web view keeps stays in the field only.
    }
  },
  clear(sessionId: SessionId | null): void {
    storage()?.removeItem(keyOf(sessionId));
  },
};
