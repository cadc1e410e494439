import { describe, expect, it } from 'vitest';
import { attachedLine, sizeOf, splitAttached } from './attached';

const ID = '0197c1de-0000-7000-8000-000000000001';

describe('attached files below words', () => {
  it('are read as the engine writes them', () => {
    const line = attachedLine({ name: 'Bill 4711 (2).pdf', content_type: 'application/pdf', bytes: 12_345, id: ID });
    expect(line).toBe(`[Attached file: Bill 4711 (2).pdf · application/pdf · 12345 bytes · id ${ID}]`);
    expect(splitAttached(`Book this.\n\n${line}\n${line}`)).toEqual({
      words: 'Book this.',
      files: [0, 1].map(() => ({ name: 'Bill 4711 (2).pdf', type: 'application/pdf', bytes: 12_345, id: ID })),
    });
    expect(splitAttached(line)).toMatchObject({ words: '', files: [{ bytes: 12_345 }] });
  });

  it('are only whole lines at the end', () => {
    const line = attachedLine({ name: 'x.pdf', content_type: 'application/pdf', bytes: 1, id: ID });
    for (const text of [`${line}\nand then`, `see ${line}`, '[Attached file: x]', '']) expect(splitAttached(text)).toEqual({ words: text, files: [] });
  });

  it('have sizes that people read', () => {
    expect([0, 1023, 1024, 2_097_152].map(sizeOf)).toEqual(['0 bytes', '1023 bytes', '1 KB', '2.0 MB']);
  });
});
