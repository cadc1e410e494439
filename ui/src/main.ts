import './app.css';
import './frame.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { connectBackend } from './lib/backend';
import type { Backend } from './lib/backend/backend';
import { engine } from './lib/stores/engine.svelte';

/** Says when the second frame with the app in it was drawn: `cargo xtask bench` holds it against a bare window. */
function tellWhenDrawn(backend: Backend): void {
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      const { startTime } = performance.mark('second-frame');
      void backend.pageDrawn({ at_ms: Math.round(performance.timeOrigin + startTime) });
    }),
  );
}

const target = document.getElementById('app');
if (target !== null) {
  try {
    const backend = await connectBackend();
    engine.connect(backend);
    target.replaceChildren();
    mount(App, { target });
    tellWhenDrawn(backend);
  } catch (thrown) {
    target.textContent = thrown instanceof Error ? thrown.message : String(thrown);
  }
}
