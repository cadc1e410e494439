import type { Backend } from './backend';
import { tauriBackend } from './tauri';

/**
 * The engine behind this page: Tauri in the app's window. Outside it, in development and in the sample build only, an in-memory
 * engine with sample data; the production bundle does not contain that one.
 */
export async function connectBackend(): Promise<Backend> {
  if (window.__TAURI_INTERNALS__ !== undefined) {
    return tauriBackend;
  }
  if (import.meta.env.DEV || import.meta.env.MODE === 'sample') {
    return (await import('./sample')).sampleBackend(new URLSearchParams(location.search));
  }
  throw new Error('This page belongs in the window of BC Agent.');
}
