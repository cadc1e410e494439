/** A backend that answers what a test sets; anything else fails loudly. */
import type { Backend } from '../lib/backend/backend';
import { engine } from '../lib/stores/engine.svelte';

export function useBackend(answers: Partial<Backend>): void {
  const backend = new Proxy(answers, {
    get: (target, name) => {
      const answer = target[name as keyof Backend];
      if (answer === undefined) throw new Error(`The test did not expect ${String(name)}.`);
      return answer;
    },
  });
  engine.connect(backend as Backend);
}
