/** When what was just put on the page is on the screen. */

/** Calls `then` in the second frame from now, with its time in milliseconds since 1970: what was in the page before the first is drawn by then. */
export function inSecondFrame(then: (atMs: number) => void): void {
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      const { startTime } = performance.mark('second-frame');
      then(Math.round(performance.timeOrigin + startTime));
    }),
  );
}
