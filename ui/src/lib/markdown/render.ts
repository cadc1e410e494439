/**
 * Markdown to nodes that are safe to show. A model's words and record text are data: no HTML of theirs survives, nothing is loaded
 * (SECURITY.md, row 9), and a link is not an address that the web view could follow but a name for `open_link`.
 */
import DOMPurify from 'dompurify';
import { Marked, type Tokens } from 'marked';

/** Elements that the renderer makes; everything else is dropped with its text kept. */
export const ALLOWED_ELEMENTS = [
  'p', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li', 'hr', 'br',
  'table', 'thead', 'tbody', 'tr', 'th', 'td', 'a', 'span',
];

/** Attributes that may come out of the sanitiser. `data-url` is read by the window's own click handler. */
export const ALLOWED_ATTRIBUTES = ['data-url', 'data-image', 'start'];

/** Attributes that this module sets itself on what the sanitiser let through. */
export const OWN_ATTRIBUTES = ['class', 'role', 'tabindex', 'title', 'data-testid'];

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => escapes[char] ?? char);
}

/** The address of a link that may be offered to the person: absolute and https. */
export function safeUrl(href: string): string | null {
  try {
    const url = new URL(href.trim());
    const plain = url.protocol === 'https:' && url.username === '' && url.password === '';
    return plain ? url.href : null;
  } catch {
    return null;
  }
}

const parser = new Marked({
  gfm: true,
  breaks: false,
  renderer: {
    html({ text }: Tokens.HTML | Tokens.Tag) {
      return escapeHtml(text);
    },
    image({ href, text }: Tokens.Image) {
      return `<span data-image="${escapeHtml(href)}">${escapeHtml(text || 'Image')}</span>`;
    },
    link({ href, text, tokens }: Tokens.Link) {
      const inner = this.parser.parseInline(tokens);
      const url = safeUrl(href);
      if (url !== null) return `<a data-url="${escapeHtml(url)}">${inner}</a>`;
      // An address that stands there by itself is not said twice.
      return href === text || href === `mailto:${text}` ? inner : `${inner} (${escapeHtml(href)})`;
    },
    code({ text }: Tokens.Code) {
      return `<pre><code>${escapeHtml(text)}</code></pre>`;
    },
    checkbox({ checked }: Tokens.Checkbox) {
      return checked ? '☑ ' : '☐ ';
    },
  },
});

/** One block of Markdown as nodes of `document`. */
export function renderMarkdown(source: string): DocumentFragment {
  const html = parser.parse(source, { async: false });
  const fragment = DOMPurify.sanitize(html, {
    ALLOWED_TAGS: ALLOWED_ELEMENTS,
    ALLOWED_ATTR: ALLOWED_ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  dressLinks(fragment);
  dressImages(fragment);
  dressTables(fragment);
  return fragment;
}

function dressLinks(fragment: DocumentFragment): void {
  for (const link of fragment.querySelectorAll('a')) {
    const url = safeUrl(link.getAttribute('data-url') ?? '');
    if (url === null) {
      link.replaceWith(...link.childNodes);
      continue;
    }
    link.setAttribute('role', 'link');
    link.setAttribute('tabindex', '0');
    link.setAttribute('title', url);
  }
}

/** An image is named, with its address in sight, and never loaded. */
function dressImages(fragment: DocumentFragment): void {
  for (const image of fragment.querySelectorAll('[data-image]')) {
    image.setAttribute('class', 'image-name');
    image.setAttribute('title', `Images are not loaded: ${image.getAttribute('data-image') ?? ''}`);
    image.removeAttribute('data-image');
  }
}

const NUMERIC = /^[-+−(]?[\p{Sc}]?\s?\d[\d\s.,'’]*\)?\s?(%|[\p{Sc}]|[A-Z]{3})?$/u;

/** Heads of columns whose digits are names and not amounts. */
const CODES = /^(no\.?|nr\.?|number|code|id)$|(\bno\.|number|\bcode|\bid)$|\b(phone|mobile|fax|zip|iban|account)\b/i;

/** A column whose every filled cell reads as a number is set like one. */
function dressTables(fragment: DocumentFragment): void {
  for (const table of fragment.querySelectorAll('table')) {
    table.setAttribute('class', 'data');
    const rows = [...table.querySelectorAll('tbody tr')].map((row) => [...row.children]);
    const heads = [...table.querySelectorAll('thead th')];
    heads.forEach((head, column) => {
      const cells = rows.map((row) => row[column]).filter((cell) => cell !== undefined);
      const texts = cells.map((cell) => cell.textContent?.trim() ?? '').filter((text) => text !== '');
      if (texts.length === 0 || CODES.test(head.textContent?.trim() ?? '') || !texts.every((text) => NUMERIC.test(text))) return;
      for (const cell of [head, ...cells]) cell.setAttribute('class', 'num');
    });
  }
}
