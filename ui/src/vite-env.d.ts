/// <reference types="vite/client" />
/// <reference types="svelte" />

interface Window {
  /** Present when the page runs in the app's own window. */
  __TAURI_INTERNALS__?: unknown;
}
