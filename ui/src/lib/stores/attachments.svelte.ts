/** Files that go with the next message: copied into the home as soon as they are chosen, dropped or pasted, and sent along by their ids. */
import { asUserError } from '../backend/backend';
import type { AttachedFile, AttachmentId } from '../protocol';
import { engine } from './engine.svelte';

/** What the engine sends up at most; the file also has to fit through the window. */
const MOST_BYTES = 50 * 1024 * 1024;
const MOST_FILES = 20;
const CHUNK = 0x8000;

async function encoded(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

class Attachments {
  files = $state<AttachedFile[]>([]);
  /** Files that are being copied. */
  copying = $state(0);
  failure = $state<string | null>(null);

  async add(chosen: Iterable<File>): Promise<void> {
    this.failure = null;
    for (const file of chosen) {
      if (this.files.length + this.copying >= MOST_FILES) {
        this.failure = `At most ${MOST_FILES} files go with one message.`;
        return;
      }
      if (file.size > MOST_BYTES) {
        this.failure = `${file.name} is larger than 50 MB, which is the most that can be sent.`;
        continue;
      }
      this.copying += 1;
      try {
        const kept = await engine.backend.attachFile({ name: file.name, content: await encoded(file) });
        this.files = [...this.files, kept];
      } catch (thrown) {
        this.failure = `${file.name}: ${asUserError(thrown).message}`;
      } finally {
        this.copying -= 1;
      }
    }
  }

  remove(id: AttachmentId): void {
    this.files = this.files.filter((file) => file.id !== id);
    this.failure = null;
  }

  /** Takes them for a message that is being sent. */
  take(): AttachedFile[] {
    const taken = this.files;
    this.files = [];
    this.failure = null;
    return taken;
  }

  /** Puts them back where the message was not taken. */
  putBack(files: AttachedFile[]): void {
    this.files = [...files, ...this.files];
  }
}

export const attachments = new Attachments();
