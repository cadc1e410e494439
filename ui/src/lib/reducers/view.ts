/**
 * What the window shows of one session. It is folded from events while a run goes on (applyEvent.ts) and rebuilt from the store when a
 * session is opened (fromDetail.ts); a test holds the two equal.
 */
import type {
  ApprovalId,
  ApprovalView,
  Block,
  CallId,
  ChangeId,
  ChangeOutcome,
  ChangePreview,
  Connection,
  Effect,
  MessageId,
  Role,
  RunId,
  SessionId,
  StopReason,
  Todo,
  ToolCallStatus,
  Usage,
} from '../protocol';

export interface MessageItem {
  id: MessageId;
  runId: RunId;
  role: Role;
  blocks: readonly Block[];
  at: string;
  /** Cut off: what had streamed when its run was interrupted. */
  partial: boolean;
}

export interface ToolCallItem {
  callId: CallId;
  runId: RunId;
  tool: string;
  effect: Effect;
  input: unknown;
  /** Absent while it goes on. */
  status: ToolCallStatus | null;
  output: unknown;
  durationMs: number | null;
  startedAt: string;
  /** The title of the set that this write was collected for, where nobody was asked at once. */
  collectedFor: string | null;
}

export interface RunItem {
  runId: RunId;
  model: string;
  connection: Connection | null;
  startedAt: string;
  stopReason: StopReason | null;
  /** The process that ran it was killed. */
  interrupted: boolean;
  turns: number;
  usage: Usage;
  todos: readonly Todo[];
  /** The sentence of the error that ended it. */
  error: string | null;
}

export interface ChangeItem {
  changeId: ChangeId;
  callId: CallId;
  outcome: ChangeOutcome;
  undoable: boolean;
  /** The write that took it back. */
  undoneBy: ChangeId | null;
}

/** A stretch of one kind in the message that is being written. */
export interface LiveSegment {
  kind: 'thinking' | 'text';
  text: string;
}

/** The message that is being written. */
export interface LiveMessage {
  runId: RunId;
  segments: readonly LiveSegment[];
  /** When thinking began, and when the first word of the answer came after it, in milliseconds since 1970. */
  thinkingFrom: number | null;
  thinkingUntil: number | null;
}

export interface SessionView {
  sessionId: SessionId;
  messages: readonly MessageItem[];
  runs: readonly RunItem[];
  toolCalls: ReadonlyMap<CallId, ToolCallItem>;
  approvals: ReadonlyMap<ApprovalId, ApprovalView>;
  changes: ReadonlyMap<ChangeId, ChangeItem>;
  live: LiveMessage | null;
  /** How long the thinking of a message took; known only for what was seen as it streamed. */
  thinkingMs: ReadonlyMap<MessageId, number>;
  /** How far the events of each run have been applied. */
  lastSeq: ReadonlyMap<RunId, number>;
  /** Events were missed: the view should be rebuilt from the store. */
  stale: boolean;
}

/** What a message needs beside itself. Apart from the text that streams, so that a delta touches no finished message. */
export type Facts = Pick<SessionView, 'toolCalls' | 'approvals' | 'changes' | 'thinkingMs'>;

export const NO_USAGE: Usage = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };

export function emptyView(sessionId: SessionId): SessionView {
  return {
    sessionId,
    messages: [],
    runs: [],
    toolCalls: new Map(),
    approvals: new Map(),
    changes: new Map(),
    live: null,
    thinkingMs: new Map(),
    lastSeq: new Map(),
    stale: false,
  };
}

export function latestRun(view: SessionView | null): RunItem | null {
  return view?.runs.at(-1) ?? null;
}

export function isRunning(run: RunItem | null): boolean {
  return run !== null && run.stopReason === null && !run.interrupted;
}

/** The approval that decides on a tool call, if there is one. The newest, where a call was asked about more than once. */
export function approvalOf(facts: Facts, callId: CallId): ApprovalView | null {
  let found: ApprovalView | null = null;
  for (const approval of facts.approvals.values()) {
    if (plannedFor(approval, callId) !== null) found = approval;
  }
  return found;
}

/** The write that a tool call asked for, also where a person took it out of the set. */
export function plannedFor({ request }: ApprovalView, callId: CallId): ChangePreview | null {
  return [...request.changes, ...request.left_out].find((change) => change.call_id === callId) ?? null;
}

/** Where a write stands that was collected for a set; null once a person was asked, and for one that never was collected. */
export type Collection = 'waits' | 'dropped';

export function collectionOf(facts: Facts, call: ToolCallItem, over: boolean): Collection | null {
  if (call.collectedFor === null || approvalOf(facts, call.callId) !== null) return null;
  if (call.status === null) return over ? 'dropped' : 'waits';
  return call.status === 'aborted' ? 'dropped' : null;
}

/** Whether a call is being worked on, or a person is asked about it. */
export function isUnderWay(facts: Facts, call: ToolCallItem): boolean {
  return call.status === null && collectionOf(facts, call, false) === null;
}

export interface Written {
  change: ChangePreview;
  undoneBy: ChangeId | null;
}

/** The writes that stand in the books, in the order in which they were asked about. */
export function writtenOf(facts: Pick<SessionView, 'approvals' | 'changes'>, runId: RunId | null): Written[] {
  return [...facts.approvals.values()]
    .filter(({ request }) => runId === null || request.run_id === runId)
    .flatMap(({ request }) => request.changes)
    .flatMap((change) => {
      const item = facts.changes.get(change.change_id);
      return item?.outcome === 'confirmed' ? [{ change, undoneBy: item.undoneBy }] : [];
    });
}
