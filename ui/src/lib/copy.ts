/** The clipboard, and files given to the person. */
import { toasts } from './stores/toasts.svelte';

export async function copyText(text: string, what: string): Promise<void> {
  if ((await writeClipboard(text)) || copySelected(text)) toasts.info(`${what} copied.`);
  else toasts.error('The clipboard could not be reached. Nothing was copied.');
}

async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The older way, for web views that keep the clipboard from scripts. */
function copySelected(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'sr-only';
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  return copied;
}

/** Offers a text as a file. */
export function saveText(text: string, fileName: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
