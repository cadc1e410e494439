/**
 * Splits Markdown that is still being written into blocks that can no longer change and a tail that can. Only the tail is parsed
 * again when more text comes, so the work for a reply grows with its length and not with its square.
 */
import { marked, type Token } from 'marked';

export interface Split {
  /** The source of each finished block, in order. */
  done: readonly string[];
  /** What may still change. */
  tail: string;
}

export const NOTHING: Split = { done: [], tail: '' };

/** Adds text to a split. Every block but the last is finished as soon as another one follows it. */
export function extend(split: Split, text: string): Split {
  const tail = split.tail + normalise(text);
  const tokens = marked.lexer(tail);
  let last = tokens.length - 1;
  while (last >= 0 && tokens[last]?.type === 'space') last -= 1;
  if (last <= 0) return { done: split.done, tail };
  const finished = tokens.slice(0, last).filter((token) => token.type !== 'space');
  if (finished.length === 0) return { done: split.done, tail };
  const from = startOf(tokens, last, tail);
  if (from < 0) return { done: split.done, tail };
  return { done: [...split.done, ...finished.map((token) => token.raw)], tail: tail.slice(from) };
}

/** Where a token begins. Not the sum of what came before: the lexer trims the end of a list, and those spaces may still matter. */
function startOf(tokens: readonly Token[], index: number, source: string): number {
  let at = 0;
  for (const [position, token] of tokens.entries()) {
    at = source.indexOf(token.raw, at);
    if (at < 0 || position === index) return at;
    at += token.raw.length;
  }
  return -1;
}

/** Splits text that is complete. */
export function blocksOf(text: string): string[] {
  return marked
    .lexer(normalise(text))
    .filter((token) => token.type !== 'space')
    .map((token) => token.raw);
}

/** The lexer rewrites these itself; done here, the pieces it gives back add up to what went in. */
function normalise(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}
