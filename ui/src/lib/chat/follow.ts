/** Whether the reader of a conversation that grows at its end has gone up to read something, or is still at the end. */

/** Where a scrolling region stands, in pixels. */
export interface Extent {
  top: number;
  height: number;
  client: number;
}

export const NEAR_END_PX = 48;

export function isNearEnd({ top, height, client }: Extent): boolean {
  return height - top - client < NEAR_END_PX;
}

/**
 * Whether a reader who was at the end has left it. Only going up counts: content may have grown, or shrunk and grown again, or the
 * region itself may have changed its height before anybody looked, and then the browser has moved the top and not the reader.
 */
export function hasLeft(before: Extent, now: Extent): boolean {
  const up = now.top < before.top - 1;
  const movedByBrowser = now.height < before.height || now.client > before.client;
  return up && !movedByBrowser && !isNearEnd(now);
}
