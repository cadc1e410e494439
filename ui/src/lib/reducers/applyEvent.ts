/** Folds a run's events into what the window shows. Pure: the view given is left as it was. */
import type { AgentEvent, ApprovalRequest, Block, Usage } from '../protocol';
import { collectedIn } from './collected';
import { NO_USAGE, type LiveMessage, type LiveSegment, type RunItem, type SessionView } from './view';

/** A view under construction: collections are copied at most once per batch, and only those that change. */
type Draft = SessionView & { owned: Set<MapKey> };

type DeltaEvent = AgentEvent & { type: 'thinking_delta' | 'text_delta' };

type DeltaBuffer = { kind: LiveSegment['kind']; pieces: string[] };

/**
 * Applies a batch in order. Events of another session, and those that were applied before (by `seq`), are passed over, so replaying a
 * run from its beginning is harmless. The text of a batch is joined once: a thousand deltas cost one change of state.
 */
export function applyEvents(view: SessionView, events: readonly AgentEvent[]): SessionView {
  const draft: Draft = { ...view, owned: new Set() };
  const deltas: DeltaBuffer[] = [];
  let changed = false;

  for (const event of events) {
    if (event.session_id !== draft.sessionId || !takeTurn(draft, event)) continue;
    changed = true;
    if (isDelta(event)) {
      collectDelta(draft, deltas, event);
    } else {
      flushDeltas(draft, deltas);
      applyOne(draft, event);
    }
  }
  flushDeltas(draft, deltas);
  if (!changed) return view;
  const { owned: _owned, ...next } = draft;
  return next;
}

function isDelta(event: AgentEvent): event is DeltaEvent {
  return event.type === 'thinking_delta' || event.type === 'text_delta';
}

export function applyEvent(view: SessionView, event: AgentEvent): SessionView {
  return applyEvents(view, [event]);
}

/** Notes the event's place in its run; false where it was applied before. */
function takeTurn(draft: Draft, event: AgentEvent): boolean {
  const last = draft.lastSeq.get(event.run_id) ?? 0;
  if (event.seq <= last) return false;
  // Deltas in a row may come as one, with the number of any of them; a gap anywhere else is a loss.
  if (event.seq !== last + 1 && draft.live === null && !isDelta(event)) draft.stale = true;
  own(draft, 'lastSeq').set(event.run_id, event.seq);
  return true;
}

type MapKey = 'lastSeq' | 'toolCalls' | 'approvals' | 'changes' | 'thinkingMs';
type Writable<T> = T extends ReadonlyMap<infer K, infer V> ? Map<K, V> : never;

/** The draft's own copy of a map, made when the batch first writes to it. */
function own<K extends MapKey>(draft: Draft, key: K): Writable<SessionView[K]> {
  if (!draft.owned.has(key)) {
    draft.owned.add(key);
    (draft as Record<MapKey, unknown>)[key] = new Map(draft[key] as ReadonlyMap<unknown, unknown>);
  }
  return draft[key] as Writable<SessionView[K]>;
}

function collectDelta(draft: Draft, deltas: DeltaBuffer[], event: DeltaEvent): void {
  const kind = event.type === 'thinking_delta' ? 'thinking' : 'text';
  const live = liveOf(draft, event.run_id);
  // Thinking lasts from its first piece to whatever comes next.
  if (kind === 'thinking' && live.thinkingFrom === null) draft.live = { ...live, thinkingFrom: Date.parse(event.at) };
  else if (kind === 'text' && live.thinkingFrom !== null && live.thinkingUntil === null) draft.live = { ...live, thinkingUntil: Date.parse(event.at) };
  else draft.live = live;
  const last = deltas.at(-1);
  if (last?.kind === kind) last.pieces.push(event.text);
  else deltas.push({ kind, pieces: [event.text] });
}

function liveOf(draft: Draft, runId: string): LiveMessage {
  if (draft.live?.runId === runId) return draft.live;
  return { runId, segments: [], thinkingFrom: null, thinkingUntil: null };
}

function flushDeltas(draft: Draft, deltas: DeltaBuffer[]): void {
  if (deltas.length === 0 || draft.live === null) {
    deltas.length = 0;
    return;
  }
  const segments = [...draft.live.segments];
  for (const { kind, pieces } of deltas) {
    const text = pieces.join('');
    const last = segments.at(-1);
    if (last?.kind === kind) segments[segments.length - 1] = { kind, text: last.text + text };
    else segments.push({ kind, text });
  }
  draft.live = { ...draft.live, segments };
  deltas.length = 0;
}

function applyOne(draft: Draft, event: AgentEvent): void {
  switch (event.type) {
    case 'run_started':
      startRun(draft, event);
      return;
    case 'turn_started':
      updateRun(draft, event.run_id, (run) => ({ ...run, turns: Math.max(run.turns, event.turn) }));
      return;
    case 'message_completed':
      completeMessage(draft, event);
      return;
    case 'tool_call_started':
      own(draft, 'toolCalls').set(event.call_id, {
        callId: event.call_id,
        runId: event.run_id,
        tool: event.tool,
        effect: event.effect,
        input: event.input,
        status: null,
        output: null,
        durationMs: null,
        startedAt: event.at,
        collectedFor: null,
      });
      return;
    case 'tool_call_completed': {
      const call = draft.toolCalls.get(event.call_id);
      if (call === undefined) return;
      own(draft, 'toolCalls').set(event.call_id, {
        ...call,
        status: event.status,
        output: event.output,
        durationMs: event.duration_ms,
      });
      return;
    }
    case 'approval_requested':
      own(draft, 'approvals').set(event.approval_id, {
        request: requestOf(event),
        state: 'pending',
        by: null,
        reason: null,
        resolved_at: null,
      });
      return;
    case 'approval_resolved': {
      const approval = draft.approvals.get(event.approval_id);
      if (approval === undefined) return;
      own(draft, 'approvals').set(event.approval_id, {
        ...approval,
        state: event.decision,
        by: event.by,
        reason: event.reason,
        resolved_at: event.at,
      });
      return;
    }
    case 'change_recorded':
      recordChange(draft, event);
      return;
    case 'todos_updated':
      updateRun(draft, event.run_id, (run) => ({ ...run, todos: event.todos }));
      return;
    case 'usage':
      updateRun(draft, event.run_id, (run) => ({ ...run, usage: addUsage(run.usage, event) }));
      return;
    case 'error':
      updateRun(draft, event.run_id, (run) => ({ ...run, error: event.message }));
      return;
    case 'run_completed':
      keepPartial(draft, event);
      updateRun(draft, event.run_id, (run) => ({ ...run, stopReason: event.stop_reason }));
      return;
    default:
      // The contract: readers pass over a type that they do not know.
      return;
  }
}

function recordChange(draft: Draft, event: AgentEvent & { type: 'change_recorded' }): void {
  const changes = own(draft, 'changes');
  const undoneBy = changes.get(event.change_id)?.undoneBy ?? null;
  changes.set(event.change_id, { changeId: event.change_id, callId: event.call_id, outcome: event.outcome, undoable: event.undoable, undoneBy });
  if (event.outcome !== 'confirmed') return;
  for (const { request } of draft.approvals.values()) {
    const change = request.changes.find((one) => one.change_id === event.change_id);
    if (change === undefined || change.undoes === null) continue;
    for (const id of [change.undoes, ...change.undoes_also]) {
      const undone = changes.get(id);
      if (undone !== undefined) changes.set(id, { ...undone, undoneBy: event.change_id });
    }
  }
}

/** A run that is known from the store begins anew when it is replayed: its figures would be counted twice. */
function startRun(draft: Draft, event: AgentEvent & { type: 'run_started' }): void {
  const run: RunItem = {
    runId: event.run_id,
    model: event.model,
    connection: event.connection,
    startedAt: event.at,
    stopReason: null,
    interrupted: false,
    turns: 0,
    usage: NO_USAGE,
    todos: [],
    error: null,
  };
  const at = draft.runs.findIndex((known) => known.runId === event.run_id);
  draft.runs = at < 0 ? [...draft.runs, run] : draft.runs.with(at, { ...run, startedAt: draft.runs[at]?.startedAt ?? run.startedAt });
}

function completeMessage(draft: Draft, event: AgentEvent & { type: 'message_completed' }): void {
  const live = draft.live;
  if (event.role === 'assistant') {
    if (live !== null && live.thinkingFrom !== null) {
      own(draft, 'thinkingMs').set(event.message_id, (live.thinkingUntil ?? Date.parse(event.at)) - live.thinkingFrom);
    }
    draft.live = null;
  } else {
    for (const [callId, title] of collectedIn(event.content, (id) => draft.toolCalls.get(id))) {
      const call = draft.toolCalls.get(callId);
      if (call !== undefined) own(draft, 'toolCalls').set(callId, { ...call, collectedFor: title });
    }
  }
  const item = { id: event.message_id, runId: event.run_id, role: event.role, blocks: event.content, at: event.at, partial: false };
  const at = draft.messages.findLastIndex((known) => known.id === event.message_id);
  draft.messages = at < 0 ? [...draft.messages, item] : draft.messages.with(at, { ...item, at: draft.messages[at]?.at ?? item.at });
}

/** A run that ends in the middle of a message: what had streamed stays, as it does in the store, which has its id. */
function keepPartial(draft: Draft, event: AgentEvent & { type: 'run_completed' }): void {
  const live = draft.live;
  draft.live = null;
  if (live === null || live.runId !== event.run_id || live.segments.length === 0) return;
  const blocks = live.segments.map(({ kind, text }): Block => ({ type: kind, text }));
  draft.messages = [...draft.messages, { id: `partial-${event.run_id}`, runId: event.run_id, role: 'assistant', blocks, at: event.at, partial: true }];
  draft.stale = true;
}

function updateRun(draft: Draft, runId: string, change: (run: RunItem) => RunItem): void {
  const at = draft.runs.findLastIndex((run) => run.runId === runId);
  const run = draft.runs[at];
  if (run !== undefined) draft.runs = draft.runs.with(at, change(run));
}

function addUsage(sum: Usage, more: Usage): Usage {
  return {
    input_tokens: sum.input_tokens + more.input_tokens,
    output_tokens: sum.output_tokens + more.output_tokens,
    cache_read_tokens: sum.cache_read_tokens + more.cache_read_tokens,
    cache_write_tokens: sum.cache_write_tokens + more.cache_write_tokens,
  };
}

function requestOf(event: AgentEvent & { type: 'approval_requested' }): ApprovalRequest {
  const { approval_id, change_set_id, session_id, run_id, digest, priority, requested_at, expires_at, connection, changes, left_out, title, revision, typed, dry_run } = event;
  return { approval_id, change_set_id, session_id, run_id, digest, priority, requested_at, expires_at, connection, changes, left_out, title, revision, typed, dry_run };
}
