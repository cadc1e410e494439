/** Which panes and panels are open. */
export type Panel = 'settings' | 'model' | 'connect' | 'accounts' | 'permissions' | 'data' | 'keys' | null;

class Layout {
  /** The panes at the sides, as the person folded them. */
  sessionsOpen = $state(true);
  workOpen = $state(true);
  /** On a narrow window the panes lie over the conversation and open one at a time. */
  drawer = $state<'sessions' | 'work' | null>(null);
  panel = $state<Panel>(null);
  narrow = $state(false);
  slim = $state(false);

  constructor() {
    this.#follow('(max-width: 1099.98px)', (matches) => (this.narrow = matches));
    this.#follow('(max-width: 759.98px)', (matches) => (this.slim = matches));
  }

  toggleSessions(): void {
    if (this.slim) this.drawer = this.drawer === 'sessions' ? null : 'sessions';
    else this.sessionsOpen = !this.sessionsOpen;
  }

  toggleWork(): void {
    if (this.narrow) this.drawer = this.drawer === 'work' ? null : 'work';
    else this.workOpen = !this.workOpen;
  }

  #follow(query: string, set: (matches: boolean) => void): void {
    const media = window.matchMedia(query);
    set(media.matches);
    media.addEventListener('change', (event) => {
      set(event.matches);
      this.drawer = null;
    });
  }
}

export const layout = new Layout();
