/** The list of sessions and the search over all of them. */
import { asUserError } from '../backend/backend';
import type { SearchHit, SessionId, SessionSummary } from '../protocol';
import { engine } from './engine.svelte';

const SEARCH_LIMIT = 50;

class Sessions {
  list = $state.raw<readonly SessionSummary[]>([]);
  loaded = $state(false);
  failure = $state<string | null>(null);
  query = $state('');
  hits = $state.raw<readonly SearchHit[] | null>(null);
  searchFailure = $state<string | null>(null);
  #asked = 0;

  async refresh(): Promise<void> {
    try {
      this.list = await engine.backend.listSessions();
      this.failure = null;
    } catch (thrown) {
      this.failure = asUserError(thrown).message;
    }
    this.loaded = true;
  }

  /** Looks for words in titles and messages. A later question makes the answer to an earlier one void. */
  async search(query: string): Promise<void> {
    this.query = query;
    const asked = ++this.#asked;
    if (query.trim() === '') {
      this.hits = null;
      this.searchFailure = null;
      return;
    }
    try {
      const hits = await engine.backend.search({ query: query.trim(), limit: SEARCH_LIMIT });
      if (asked !== this.#asked) return;
      this.hits = hits;
      this.searchFailure = null;
    } catch (thrown) {
      if (asked === this.#asked) this.searchFailure = asUserError(thrown).message;
    }
  }

  rename(sessionId: SessionId, title: string): Promise<boolean> {
    return engine.attempt(async () => {
      await engine.backend.renameSession({ session_id: sessionId, title });
      this.list = this.list.map((session) => (session.session_id === sessionId ? { ...session, title } : session));
    });
  }

  remove(sessionId: SessionId): Promise<boolean> {
    return engine.attempt(async () => {
      await engine.backend.deleteSession({ session_id: sessionId });
      this.list = this.list.filter((session) => session.session_id !== sessionId);
      this.hits = this.hits?.filter((hit) => hit.session_id !== sessionId) ?? null;
    });
  }

  titleOf(sessionId: SessionId | null): string | null {
    return this.list.find((session) => session.session_id === sessionId)?.title ?? null;
  }
}

export const sessions = new Sessions();
