import type { Attachment } from 'svelte/attachments';

/** A region with more in it than fits is a stop for the Tab key, so that it can be scrolled without a pointer; one that fits is none. */
export const scrollable: Attachment<HTMLElement> = (region) => {
  observer.observe(region);
  for (const child of region.children) {
    regions.set(child, region);
    observer.observe(child);
  }
  return () => {
    observer.unobserve(region);
    for (const child of region.children) observer.unobserve(child);
  };
};

/** What a child that grows stands in. */
const regions = new WeakMap<Element, HTMLElement>();

/** One for all: a dialog has many regions, and comes on screen the faster for it. */
const observer = new ResizeObserver((entries) => {
  const changed = new Set(entries.map(({ target }) => regions.get(target) ?? (target as HTMLElement)));
  for (const region of changed) note(region);
});

function note(region: HTMLElement): void {
  const { scrollHeight, clientHeight, scrollWidth, clientWidth } = region;
  const scrolls = (scrollHeight > clientHeight + 1 || scrollWidth > clientWidth + 1) && getComputedStyle(region).overflowX !== 'visible';
  if (scrolls) region.tabIndex = 0;
  else if (region.hasAttribute('tabindex')) region.removeAttribute('tabindex');
}
