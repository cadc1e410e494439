/** The session on screen: what it shows, the run that is under way in it, and what the person is writing. */
import { asUserError } from '../backend/backend';
import type { RunListener } from '../backend/backend';
import { attachedLine } from '../format/attached';
import type { AgentEvent, AttachedFile, ChangeId, RunId, SessionId, StartedRun, UserError } from '../protocol';
import { applyEvents } from '../reducers/applyEvent';
import { fromDetail } from '../reducers/fromDetail';
import { emptyView, isRunning, latestRun, type SessionView } from '../reducers/view';
import { onceDrawn } from '../drawn';
import { approvals } from './approvals.svelte';
import { lastSession } from './drafts';
import { engine } from './engine.svelte';
import { sessions } from './sessions.svelte';

/** How often a run of another process is looked at. */
const POLL_MS = 2_000;

class Session {
  id = $state<SessionId | null>(null);
  view = $state.raw<SessionView | null>(null);
  loading = $state(false);
  failure = $state<UserError | null>(null);
  /** A message that was handed over and has not come back as an event yet. */
  pendingText = $state<string | null>(null);
  sendFailure = $state<UserError | null>(null);
  stopping = $state(false);
  /** A write that is to be taken back is being looked at by the engine. */
  undoing = $state(false);
  /** The run on screen goes on in another process, which tells this window nothing: the store is read again every while. */
  elsewhere = $state(false);
  #poll: ReturnType<typeof setTimeout> | undefined;
  /** A message to bring into sight, from a search. */
  target = $state<string | null>(null);
  readonly run = $derived(latestRun(this.view));
  readonly running = $derived(isRunning(this.run) || this.pendingText !== null);
  /** Changes with each session that is opened, and not when a new one gets its id. */
  opened = $state(0);
  /** Counts what was put on screen: a channel of an earlier showing only feeds the approvals. */
  #showing = 0;
  /** What the conversation will show once a question is drawn, in order; null while nothing waits for that. */
  #behind: (() => void)[] | null = null;
  readonly isNew = $derived(this.id === null && this.pendingText === null);

  startNew(): void {
    this.#leave();
    this.id = null;
    this.view = null;
    this.loading = false;
    lastSession.set(null);
  }

  /** Shows a session from the store, and follows its run if one is under way here. */
  async open(sessionId: SessionId, target: string | null = null): Promise<void> {
    this.target = target;
    if (this.id === sessionId && this.view !== null) return;
    this.#leave();
    this.id = sessionId;
    this.view = null;
    this.loading = true;
    lastSession.set(sessionId);
    await this.#load(sessionId);
  }

  async reload(): Promise<void> {
    this.#showing += 1;
    clearTimeout(this.#poll);
    this.elsewhere = false;
    if (this.id !== null) await this.#load(this.id);
  }

  async #load(sessionId: SessionId): Promise<void> {
    try {
      const view = fromDetail(await engine.backend.getSession({ session_id: sessionId }));
      if (this.id !== sessionId) return;
      this.view = view;
      this.failure = null;
      const run = latestRun(view);
      if (run !== null && isRunning(run)) await this.#watch(sessionId, run.runId);
    } catch (thrown) {
      if (this.id === sessionId) this.failure = asUserError(thrown);
    } finally {
      if (this.id === sessionId) this.loading = false;
    }
  }

  async #watch(sessionId: SessionId, runId: RunId): Promise<void> {
    const showing = this.#showing;
    const here = await engine.backend.watchRun({ run_id: runId, after_seq: 0 }, (events) => this.#take(showing, sessionId, events));
    if (showing !== this.#showing) return;
    if (here) approvals.ourRun(runId);
    else this.#pollLater();
  }

  #pollLater(): void {
    this.elsewhere = true;
    this.#poll = setTimeout(() => void this.reload(), POLL_MS);
  }

  /** Hands a message to the engine. False where it was not taken; the words are kept. */
  async send(text: string, files: readonly AttachedFile[] = []): Promise<boolean> {
    if ((text.trim() === '' && files.length === 0) || this.running) return false;
    const from = this.id;
    const showing = this.#showing;
    this.pendingText = [text, ...files.map(attachedLine)].join('\n').trim();
    this.sendFailure = null;
    try {
      await this.#follow(showing, from, (listener) => engine.backend.sendMessage({ session_id: from, text, files: files.map(({ id }) => id) }, listener));
      return true;
    } catch (thrown) {
      if (this.#showing === showing) {
        this.pendingText = null;
        this.sendFailure = asUserError(thrown);
      }
      return false;
    }
  }

  /** Asks to take one write back: a run of its own, in which the person is asked again. */
  async undoChange(changeId: ChangeId): Promise<void> {
    await this.#undo((listener) => engine.backend.undoChange({ change_id: changeId }, listener));
  }

  /** Asks to take all writes of a run back, as one set. */
  async undoRun(runId: RunId): Promise<void> {
    await this.#undo((listener) => engine.backend.undoRun({ run_id: runId }, listener));
  }

  async #undo(begin: (listener: RunListener) => Promise<StartedRun>): Promise<void> {
    if (this.running || this.undoing) return;
    this.undoing = true;
    const showing = this.#showing;
    await engine.attempt(() => this.#follow(showing, this.id, begin));
    this.undoing = false;
  }

  /** Begins a run and shows it where it belongs. Events may come before the answer that says which session they belong to. */
  async #follow(showing: number, from: SessionId | null, begin: (listener: RunListener) => Promise<StartedRun>): Promise<void> {
    const early: AgentEvent[] = [];
    let sessionId = from;
    const started = await begin((events) => {
      if (sessionId === null) early.push(...events);
      else this.#take(showing, sessionId, events);
    });
    approvals.ourRun(started.run_id);
    sessionId = started.session_id;
    if (this.#showing === showing && from === null) {
      this.id = sessionId;
      this.view ??= emptyView(sessionId);
      lastSession.set(sessionId);
    }
    this.#take(showing, sessionId, early);
    void sessions.refresh();
    // An undo of a conversation that was deleted goes on in one of its own.
    if (from !== null && sessionId !== from && this.#showing === showing) await this.open(sessionId);
  }

  async cancel(): Promise<void> {
    const run = this.run;
    if (run === null || !isRunning(run) || this.stopping) return;
    this.stopping = true;
    const sent = await engine.attempt(() => engine.backend.cancelRun({ run_id: run.runId }));
    if (!sent) this.stopping = false;
  }

  /** A question is on screen before the conversation behind it: drawing that takes as long as drawing the question. */
  #take(showing: number, sessionId: SessionId, events: readonly AgentEvent[]): void {
    if (events.length === 0) return;
    approvals.applyEvents(events);
    const show = () => this.#show(showing, sessionId, events);
    if (this.#behind !== null) {
      this.#behind.push(show);
    } else if (events.some(({ type }) => type === 'approval_requested')) {
      const behind = [show];
      this.#behind = behind;
      onceDrawn(() => {
        this.#behind = null;
        for (const each of behind) each();
      });
    } else {
      show();
    }
  }

  #show(showing: number, sessionId: SessionId, events: readonly AgentEvent[]): void {
    if (this.#showing !== showing || this.view === null) return;
    this.view = applyEvents(this.view, events);
    for (const event of events) {
      const echoed = event.type === 'message_completed' && event.role === 'user';
      if (echoed || event.type === 'turn_started') this.pendingText = null;
      if (event.type === 'run_completed') void this.#afterRun(sessionId);
    }
  }

  async #afterRun(sessionId: SessionId): Promise<void> {
    this.stopping = false;
    this.pendingText = null;
    void sessions.refresh();
    // Whatever was missed on the way is in the store.
    if (this.view?.stale === true && this.id === sessionId) await this.reload();
  }

  #leave(): void {
    this.#showing += 1;
    this.opened += 1;
    clearTimeout(this.#poll);
    this.elsewhere = false;
    this.failure = null;
    this.sendFailure = null;
    this.pendingText = null;
    this.stopping = false;
  }
}

export const session = new Session();
