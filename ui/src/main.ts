import './app.css';
import './frame.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { connectBackend } from './lib/backend';
import { inSecondFrame } from './lib/drawn';
import { engine } from './lib/stores/engine.svelte';

const target = document.getElementById('app');
if (target !== null) {
  try {
    const backend = await connectBackend();
    engine.connect(backend);
    target.replaceChildren();
    mount(App, { target });
    // `cargo xtask bench` holds it against a bare window.
    inSecondFrame((at_ms) => void backend.pageDrawn({ at_ms }));
  } catch (thrown) {
    target.textContent = thrown instanceof Error ? thrown.message : String(thrown);
  }
}
