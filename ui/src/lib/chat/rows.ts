/** The conversation as rows: messages that show something, and the end of each run that did not end by itself. */
import type { StopReason } from '../protocol';
import { isRunning, type MessageItem, type RunItem } from '../reducers/view';

export type Row =
  | { kind: 'message'; key: string; message: MessageItem; first: boolean; over: boolean }
  | { kind: 'end'; key: string; run: RunItem; text: string; problem: boolean };

const ENDS: Record<StopReason, string | null> = {
  end_turn: null,
  max_turns: 'Stopped: the run reached its limit of turns. Ask it to go on, or raise the limit in the settings.',
  cancelled: 'You stopped this run.',
  error: 'The run ended with an error.',
  refusal: 'The model declined to go on.',
  max_tokens: 'The answer was cut at the model’s limit. Ask it to go on.',
};

/** Whether a message has something of its own to show; results of tools are shown with their calls. */
function showsSomething(message: MessageItem): boolean {
  return message.partial || message.blocks.some((block) => block.type !== 'tool_result' && !(block.type === 'thinking' && block.text === '' && message.blocks.length > 1));
}

export function rowsOf(messages: readonly MessageItem[], allRuns: readonly RunItem[]): Row[] {
  const rows: Row[] = [];
  const runs = new Map(allRuns.map((run) => [run.runId, run]));
  let before: MessageItem | null = null;
  for (const message of messages) {
    if (before !== null && before.runId !== message.runId) pushEnd(rows, runs.get(before.runId));
    const changesVoice: boolean = before?.role !== message.role || before.runId !== message.runId;
    if (showsSomething(message)) {
      rows.push({ kind: 'message', key: message.id, message, first: changesVoice, over: !isRunning(runs.get(message.runId) ?? null) });
      before = message;
    }
  }
  pushEnd(rows, allRuns.at(-1));
  return rows;
}

function pushEnd(rows: Row[], run: RunItem | undefined): void {
  if (run === undefined) return;
  const text = endOf(run);
  if (text !== null) rows.push({ kind: 'end', key: `end-${run.runId}`, run, text, problem: run.error !== null || run.stopReason === 'error' });
}

function endOf(run: RunItem): string | null {
  if (run.error !== null) return run.error;
  if (run.interrupted) return 'This run was interrupted: BC Agent was closed while it went on. What was done until then is above.';
  return run.stopReason === null ? null : ENDS[run.stopReason];
}
