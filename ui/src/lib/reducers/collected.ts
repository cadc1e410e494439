/** Which writes were collected for a set, as the messages tell it: the call has a result then that says so, and its end comes later. */
import type { Block, CallId } from '../protocol';
import type { ToolCallItem } from './view';

/** The title of the set, by the call, where a message says of a call that it was collected. */
export function collectedIn(blocks: readonly Block[], callOf: (callId: CallId) => Pick<ToolCallItem, 'effect'> | undefined): [CallId, string][] {
  return blocks.flatMap((block): [CallId, string][] => {
    // Only writes are collected, and what a read gave back may be long.
    if (block.type !== 'tool_result' || (callOf(block.call_id)?.effect ?? 'read') === 'read') return [];
    const title = titleIn(block.output);
    return title === null ? [] : [[block.call_id, title]];
  });
}

function titleIn(output: string): string | null {
  try {
    const result: unknown = JSON.parse(output);
    if (typeof result !== 'object' || result === null || !('status' in result) || result.status !== 'collected') return null;
    return 'change_set' in result && typeof result.change_set === 'string' ? result.change_set : null;
  } catch {
    // A result that was cut is none of the engine's own.
    return null;
  }
}
