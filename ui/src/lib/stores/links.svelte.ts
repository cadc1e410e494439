/** A link of a conversation waits here until the person has seen its whole address. */
import { safeUrl } from '../markdown/render';
import { engine } from './engine.svelte';

class Links {
  asked = $state<string | null>(null);

  ask(url: string): void {
    this.asked = safeUrl(url);
  }

  async open(): Promise<void> {
    const url = this.asked;
    this.asked = null;
    if (url !== null) await engine.attempt(() => engine.backend.openLink({ url }));
  }

  cancel(): void {
    this.asked = null;
  }
}

export const links = new Links();
