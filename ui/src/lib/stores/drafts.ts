/** Unsent words, per session. They live as long as the web view's session: a reload keeps them, quitting leaves nothing behind. */
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
