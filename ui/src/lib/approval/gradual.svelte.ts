/** A long set comes on screen as fast as a short one: what is in sight is drawn at once, the rest in steps right after it. */
const FIRST = 40;
const STEP = 120;

export class Gradual {
  /** So many are to be drawn now. */
  count = $state(FIRST);

  /** For use while a component is made; `total` is how many there are. */
  constructor(total: () => number) {
    $effect(() => {
      if (this.count >= total()) return;
      // A timer, not a frame: behind another window no frame comes, and all of it must be there all the same.
      const timer = setTimeout(() => (this.count += STEP), 30);
      return () => clearTimeout(timer);
    });
  }
}
