import { afterEach } from 'vitest';
import { cleanup } from '@testing-library/svelte';

/** Wide enough for all three panes. */
interface Viewport {
  happyDOM?: { setViewport(size: { width: number; height: number }): void };
}
(window as Viewport).happyDOM?.setViewport({ width: 1280, height: 800 });

afterEach(() => cleanup());
