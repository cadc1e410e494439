/** The sample engine's memory: the same facts as events and as a store, written in that order. */
import type { AgentEvent, ApprovalRequest, ApprovalView, Block, Connection, Decision, EventKind, RunView, SessionDetail } from '../../protocol';
import type { RunListener } from '../backend';

const NO_USAGE = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };

let counter = 0;
export function newId(kind: string): string {
  counter += 1;
  return `${kind}-${String(counter).padStart(6, '0')}`;
}

export function newSession(sessionId: string, title: string, connection: Connection, at: string): SessionDetail {
  return {
    session: { session_id: sessionId, title, connection: connection.name, created_at: at, updated_at: at, message_count: 0, running: false },
    messages: [],
    runs: [],
    tool_calls: [],
    approvals: [],
    changes: [],
  };
}

/** One run: stores each fact, then tells it. Events of one tick go out together. */
export class SampleRun {
  readonly runId = newId('run');
  readonly events: AgentEvent[] = [];
  readonly listeners = new Set<RunListener>();
  readonly aborted = new AbortController();
  #queue: AgentEvent[] = [];

  constructor(
    readonly detail: SessionDetail,
    readonly connection: Connection,
    readonly now: () => string = () => new Date().toISOString(),
  ) {}

  get run(): RunView | undefined {
    return this.detail.runs.find((run) => run.run_id === this.runId);
  }

  emit(kind: EventKind): void {
    const at = this.now();
    this.#store(kind, at);
    const event = { seq: this.events.length + 1, at, run_id: this.runId, session_id: this.detail.session.session_id, ...kind } as AgentEvent;
    this.events.push(event);
    if (this.#queue.length === 0) setTimeout(() => this.flush());
    this.#queue.push(event);
  }

  flush(): void {
    const events = this.#queue;
    this.#queue = [];
    if (events.length > 0) this.listeners.forEach((listener) => listener(events));
  }

  message(role: 'user' | 'assistant', content: Block[]): void {
    this.emit({ type: 'message_completed', message_id: newId('message'), role, content });
  }

  /** Stores what had streamed when the run was stopped. No event tells of it. */
  keepPartial(content: Block[]): void {
    if (content.length === 0) return;
    this.detail.messages.push({ message_id: newId('message'), run_id: this.runId, role: 'assistant', content, created_at: this.now(), partial: true });
  }

  #store(kind: EventKind, at: string): void {
    const { detail, run } = this;
    switch (kind.type) {
      case 'run_started':
        detail.runs.push({ run_id: this.runId, model: kind.model, connection: kind.connection, started_at: at, completed_at: null, stop_reason: null, interrupted: false, turns: 0, usage: NO_USAGE, todos: [], error: null });
        detail.session.running = true;
        break;
      case 'turn_started':
        if (run) run.turns = kind.turn;
        break;
      case 'message_completed':
        detail.messages.push({ message_id: kind.message_id, run_id: this.runId, role: kind.role, content: kind.content, created_at: at, partial: false });
        Object.assign(detail.session, { updated_at: at, message_count: detail.messages.length });
        break;
      case 'tool_call_started':
        detail.tool_calls.push({ call_id: kind.call_id, run_id: this.runId, tool: kind.tool, effect: kind.effect, input: kind.input, status: null, output: null, duration_ms: null, started_at: at });
        break;
      case 'tool_call_completed': {
        const call = detail.tool_calls.find((known) => known.call_id === kind.call_id);
        if (call) Object.assign(call, { status: kind.status, output: kind.output, duration_ms: kind.duration_ms });
        break;
      }
      case 'approval_requested': {
        const { type: _type, ...request } = kind;
        const asked = detail.approvals.find((known) => known.request.approval_id === request.approval_id);
        if (asked !== undefined) {
          reviseStored(detail, asked, request);
          break;
        }
        detail.approvals.push({ request, state: 'pending', by: null, reason: null, resolved_at: null });
        for (const preview of request.changes) {
          detail.changes.push({ preview, change_set_id: request.change_set_id, session_id: request.session_id, run_id: request.run_id, connection: request.connection, state: 'planned', message: null, undone_by: null, correlation_id: null, before: null, after: null, created_at: at, sent_at: null, settled_at: null });
        }
        break;
      }
      case 'approval_resolved': {
        const approval = detail.approvals.find((known) => known.request.approval_id === kind.approval_id);
        if (approval) Object.assign(approval, { state: kind.decision, by: kind.by, reason: kind.reason, resolved_at: at });
        break;
      }
      case 'change_recorded': {
        const change = detail.changes.find((known) => known.preview.change_id === kind.change_id);
        if (change) Object.assign(change, { state: kind.outcome, settled_at: at });
        if (change !== undefined && change.preview.undoes !== null && kind.outcome === 'confirmed') {
          const undone = detail.changes.find((known) => known.preview.change_id === change.preview.undoes);
          if (undone) undone.undone_by = kind.change_id;
        }
        break;
      }
      case 'todos_updated':
        if (run) run.todos = kind.todos;
        break;
      case 'usage':
        if (run) {
          run.usage = {
            input_tokens: run.usage.input_tokens + kind.input_tokens,
            output_tokens: run.usage.output_tokens + kind.output_tokens,
            cache_read_tokens: run.usage.cache_read_tokens + kind.cache_read_tokens,
            cache_write_tokens: run.usage.cache_write_tokens + kind.cache_write_tokens,
          };
        }
        break;
      case 'error':
        if (run) run.error = kind.message;
        break;
      case 'run_completed':
        if (run) Object.assign(run, { stop_reason: kind.stop_reason, completed_at: at });
        detail.session.running = false;
        break;
      case 'thinking_delta':
      case 'text_delta':
        break;
    }
  }
}

function reviseStored(detail: SessionDetail, asked: ApprovalView, request: ApprovalRequest): void {
  asked.request = request;
  for (const preview of [...request.changes, ...request.left_out]) {
    const change = detail.changes.find((known) => known.preview.change_id === preview.change_id);
    if (change) change.preview = preview;
  }
}

/** A question and the promise of its answer. */
export class SampleApproval {
  decision: Decision | null = null;
  readonly answered: Promise<Decision>;
  #resolve: (decision: Decision) => void = () => undefined;

  constructor(
    public request: ApprovalRequest,
    readonly run: SampleRun,
  ) {
    this.answered = new Promise((resolve) => (this.#resolve = resolve));
    const left = Date.parse(request.expires_at) - Date.now();
    setTimeout(() => this.settle('expired', 'clock', null), Math.max(0, left));
    run.aborted.signal.addEventListener('abort', () => this.settle('aborted', 'engine', null));
  }

  /** The question as a person edited it is told again, under its new digest. */
  revise(request: ApprovalRequest): ApprovalRequest {
    this.request = request;
    this.run.emit({ type: 'approval_requested', ...request });
    return request;
  }

  /** The first answer holds. */
  settle(decision: Decision, by: 'window' | 'clock' | 'engine', reason: string | null): Decision {
    if (this.decision === null) {
      this.decision = decision;
      this.run.emit({ type: 'approval_resolved', approval_id: this.request.approval_id, decision, by, edited: this.request.revision > 0, reason });
      this.#resolve(decision);
    }
    return this.decision;
  }
}
