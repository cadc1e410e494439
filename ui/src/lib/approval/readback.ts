/** What a write's result says beside "confirmed": values that Business Central changed, and the document that came of an action. */
import { captionOf } from '../format/toolResult';

export interface Difference {
  caption: string;
  sent: string;
  found: string;
}

type JsonObject = Record<string, unknown>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Properties that were read back otherwise than they were sent. */
export function differencesOf(output: unknown): Difference[] {
  if (!isObject(output) || !Array.isArray(output['differences'])) return [];
  return output['differences'].filter(isObject).map((difference) => ({
    caption: captionOf(String(difference['property'] ?? '')),
    sent: asText(difference['sent']),
    found: asText(difference['found']),
  }));
}

/** `Sales orders 101012`, where an action made one. */
export function madeOf(output: unknown): string | null {
  const result = isObject(output) ? output['result'] : null;
  if (!isObject(result) || typeof result['entity'] !== 'string') return null;
  const number = typeof result['number'] === 'string' ? ` ${result['number']}` : '';
  return captionOf(result['entity']) + number;
}
