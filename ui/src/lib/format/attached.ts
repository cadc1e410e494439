/** The lines below a person's words that tell of attached files (AttachedFile::line of the engine), for chips in their place. */
export interface AttachedLine {
  name: string;
  type: string;
  bytes: number;
  id: string;
}

const LINE = /^\[Attached file: ([^\]\n]+?) · ([^\]\n·]+) · (\d+) bytes · id ([0-9a-f-]{36})\]$/;

/** The words, and the files below them. Only whole lines at the end count: what stands among the words was written by somebody. */
export function splitAttached(text: string): { words: string; files: AttachedLine[] } {
  const lines = text.split('\n');
  const files: AttachedLine[] = [];
  for (let line = lines.at(-1); line !== undefined; line = lines.at(-1)) {
    const found = LINE.exec(line);
    if (found === null) break;
    const [, name = '', type = '', bytes = '0', id = ''] = found;
    files.unshift({ name, type, bytes: Number(bytes), id });
    lines.pop();
  }
  return { words: files.length === 0 ? text : lines.join('\n').trimEnd(), files };
}

/** As the engine writes them. */
export function attachedLine(file: { name: string; content_type: string; bytes: number; id: string }): string {
  return `[Attached file: ${file.name} · ${file.content_type} · ${file.bytes} bytes · id ${file.id}]`;
}

/** `12 KB`, `3.4 MB` */
export function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const kilobytes = bytes / 1024;
  if (kilobytes < 1024) return `${Math.round(kilobytes)} KB`;
  return `${(kilobytes / 1024).toFixed(1)} MB`;
}
