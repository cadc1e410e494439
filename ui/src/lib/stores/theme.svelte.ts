/** Light, dark, or as the system has it. Kept by the web view: it is about this screen, not about the books. */
export type Theme = 'system' | 'light' | 'dark';

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
