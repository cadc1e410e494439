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

/** How long what waits for a frame waits where none is drawn: in a window that nobody sees. */
const LATEST_MS = 200;

/** Calls `then` once what was just put on the page is on the screen. */
export function onceDrawn(then: () => void): void {
  let called = false;
  const call = () => {
    if (called) return;
    called = true;
    clearTimeout(timer);
    then();
  };
  const timer = setTimeout(call, LATEST_MS);
  inSecondFrame(() => setTimeout(call));
}
