import { afterEach } from 'vitest';
import { cleanup, configure } from '@testing-library/svelte';

/** Wide enough for all three panes. */
interface Viewport {
  happyDOM?: { setViewport(size: { width: number; height: number }): void };
}
(window as Viewport).happyDOM?.setViewport({ width: 1280, height: 800 });

// A busy machine is slow, and nothing here is about how slow.
configure({ asyncUtilTimeout: 4_000 });

afterEach(() => cleanup());
