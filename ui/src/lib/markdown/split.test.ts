import { describe, expect, it } from 'vitest';
import { blocksOf, extend, NOTHING } from './split';

const REPLY = `# Title

A paragraph with *words*
over two lines.

- one
- two

  still two

| a | b |
| - | - |
| 1 | 2 |

\`\`\`sql
select 1;

select 2;
\`\`\`

1. first
2. second

Setext
======

Last line`;

function streamed(text: string, size: number) {
  let split = NOTHING;
  for (let at = 0; at < text.length; at += size) split = extend(split, text.slice(at, at + size));
  return split;
}

describe('splitting a reply as it streams', () => {
  it.each([1, 2, 3, 7, 50, 10_000])('gives the blocks of the whole when it comes in pieces of %i', (size) => {
    const { done, tail } = streamed(REPLY, size);
    expect([...done, tail].map((block) => block.trim())).toEqual(blocksOf(REPLY).map((block) => block.trim()));
  });

  it('never changes a block that was finished', () => {
    let split = NOTHING;
    for (const char of REPLY) {
      const next = extend(split, char);
      expect(next.done.slice(0, split.done.length)).toEqual(split.done);
      split = next;
    }
  });

  it('parses a reply of 20,000 words in pieces within two seconds', () => {
    const text = `${'word '.repeat(80)}\n\n`.repeat(250);
    const from = performance.now();
    const { done } = streamed(text, 25);
    expect(done.length).toBe(249);
    expect(performance.now() - from).toBeLessThan(2000);
  });
});
