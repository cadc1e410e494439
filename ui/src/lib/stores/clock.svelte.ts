/** The wall clock as state, ticking only while something on screen counts down. */
class Clock {
  now = $state(Date.now());
  #watchers = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Ticks four times a second until the answer is called. For use in an effect. */
  watch(): () => void {
    this.#watchers += 1;
    this.now = Date.now();
    this.#timer ??= setInterval(() => (this.now = Date.now()), 250);
    return () => {
      this.#watchers -= 1;
      if (this.#watchers > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }
}

export const clock = new Clock();
