import type { Attachment } from 'svelte/attachments';

/** A region with more in it than fits is a stop for the Tab key, so that it can be scrolled without a pointer; one that fits is none. */
export const scrollable: Attachment<HTMLElement> = (region) => {
  const note = () => {
    const scrolls = region.scrollHeight > region.clientHeight + 1 || region.scrollWidth > region.clientWidth + 1;
    if (scrolls) region.tabIndex = 0;
    else region.removeAttribute('tabindex');
  };
  const observer = new ResizeObserver(note);
  observer.observe(region);
  for (const child of region.children) observer.observe(child);
  return () => observer.disconnect();
};
