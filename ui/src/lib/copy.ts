/** The clipboard, and files given to the person. */
import { toasts } from './stores/toasts.svelte';

export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.info(`${what} copied.`);
  } catch {
    toasts.error('The clipboard could not be reached. Nothing was copied.');
  }
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
