/** Rebuilds what the window shows of a session from the store alone. */
import type { ChangeOutcome, ChangeState, SessionDetail } from '../protocol';
import { collectedIn } from './collected';
import { emptyView, type ChangeItem, type SessionView } from './view';

export function fromDetail(detail: SessionDetail): SessionView {
  const calls = new Map(detail.tool_calls.map((call) => [call.call_id, call]));
  const collected = new Map(detail.messages.filter(({ role }) => role === 'user').flatMap(({ content }) => collectedIn(content, (id) => calls.get(id))));
  return {
    ...emptyView(detail.session.session_id),
    messages: detail.messages.map((message) => ({
      id: message.message_id,
      runId: message.run_id,
      role: message.role,
      blocks: message.content,
      at: message.created_at,
      partial: message.partial,
    })),
    runs: detail.runs.map((run) => ({
      runId: run.run_id,
      model: run.model,
      connection: run.connection,
      startedAt: run.started_at,
      stopReason: run.stop_reason,
      interrupted: run.interrupted,
      turns: run.turns,
      usage: run.usage,
      todos: run.todos,
      error: run.error,
    })),
    toolCalls: new Map(
      detail.tool_calls.map((call) => [
        call.call_id,
        {
          callId: call.call_id,
          runId: call.run_id,
          tool: call.tool,
          effect: call.effect,
          input: call.input,
          status: call.status,
          output: call.output,
          durationMs: call.duration_ms,
          startedAt: call.started_at,
          collectedFor: collected.get(call.call_id) ?? null,
        },
      ]),
    ),
    approvals: new Map(detail.approvals.map((approval) => [approval.request.approval_id, approval])),
    changes: new Map(
      detail.changes.flatMap((change): [string, ChangeItem][] => {
        const outcome = outcomeOf(change.state);
        if (outcome === null) return [];
        const undoable = outcome === 'confirmed' && change.preview.undo.kind === 'yes';
        return [[change.preview.change_id, { changeId: change.preview.change_id, callId: change.preview.call_id, outcome, undoable, undoneBy: change.undone_by }]];
      }),
    ),
  };
}

/** What came of a write, once that is known. */
function outcomeOf(state: ChangeState): ChangeOutcome | null {
  switch (state) {
    case 'confirmed':
    case 'failed':
    case 'unknown':
      return state;
    case 'planned':
    case 'approved':
    case 'sending':
    case 'not_sent':
      return null;
  }
}
