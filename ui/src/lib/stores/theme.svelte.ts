/** Light, dark, or as the system has it. The setting decides; the web view remembers it, so that the window opens in the right colours. */
import { engine } from './engine.svelte';

export type Theme = 'system' | 'light' | 'dark';

export const THEME_SETTING = 'window.theme';
const KEY = 'theme';

function read(): Theme {
  const forced = import.meta.env.MODE === 'sample' ? new URLSearchParams(location.search).get('theme') : null;
  const stored = forced ?? safeStorage()?.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

function safeStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

class ThemeStore {
  choice = $state<Theme>(read());

  constructor() {
    this.#apply();
  }

  set(choice: Theme): void {
    this.#take(choice);
    void engine.attempt(async () => void (await engine.backend.setSetting({ key: THEME_SETTING, value: choice === 'system' ? null : choice })));
  }

  /** What the engine has kept; another window or the terminal may have changed it. */
  async load(): Promise<void> {
    const settings = await engine.backend.listSettings().catch(() => []);
    const kept = settings.find(({ key }) => key === THEME_SETTING)?.value;
    if (kept === 'system' || kept === 'light' || kept === 'dark') this.#take(kept);
  }

  #take(choice: Theme): void {
    this.choice = choice;
    safeStorage()?.setItem(KEY, choice);
    this.#apply();
  }

  #apply(): void {
    const root = document.documentElement;
    if (this.choice === 'system') root.removeAttribute('data-theme');
    else root.setAttribute('data-theme', this.choice);
  }
}

export const theme = new ThemeStore();
