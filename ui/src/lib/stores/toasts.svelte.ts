/** Short sentences at the edge of the window: what was done, or why it could not be. */
export interface Toast {
  id: number;
  text: string;
  kind: 'info' | 'error';
}

const SHOWN_MS = { info: 4_000, error: 9_000 };

class Toasts {
  list = $state.raw<readonly Toast[]>([]);
  #next = 1;

  info(text: string): void {
    this.#add(text, 'info');
  }

  error(text: string): void {
    this.#add(text, 'error');
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #add(text: string, kind: Toast['kind']): void {
    const id = this.#next++;
    this.list = [...this.list.filter((toast) => toast.text !== text), { id, text, kind }].slice(-3);
    setTimeout(() => this.dismiss(id), SHOWN_MS[kind]);
  }
}

export const toasts = new Toasts();
