// @vitest-environment jsdom
// The sanitiser is tested by its makers against this document; the other one loses tables.
import { describe, expect, it } from 'vitest';
import { PAYLOADS } from './payloads';
import { ALLOWED_ATTRIBUTES, ALLOWED_ELEMENTS, OWN_ATTRIBUTES, renderMarkdown, safeUrl } from './render';

function shown(source: string): HTMLElement {
  const host = document.createElement('div');
  host.replaceChildren(renderMarkdown(source));
  return host;
}

describe('hostile text', () => {
  it('has at least 500 payloads', () => expect(new Set(PAYLOADS).size).toBeGreaterThanOrEqual(500));

  it('leaves no element, attribute or address outside the lists', { timeout: 30_000 }, () => {
    const elements = new Set(ALLOWED_ELEMENTS);
    const attributes = new Set([...ALLOWED_ATTRIBUTES, ...OWN_ATTRIBUTES]);
    for (const payload of PAYLOADS) {
      for (const element of shown(payload).querySelectorAll('*')) {
        expect(elements, payload).toContain(element.localName);
        for (const { name, value } of [...element.attributes]) {
          expect(attributes, payload).toContain(name);
          expect(name.startsWith('on'), payload).toBe(false);
          if (name === 'data-url') expect(safeUrl(value), payload).toBe(value);
        }
      }
    }
  });

  it('never leaves anything that a web view loads or follows', { timeout: 30_000 }, () => {
    for (const payload of PAYLOADS) {
      expect(shown(payload).querySelector('[src],[href],[srcset],[style],[action],[formaction],[ping],[poster],[background],script,style,img,svg,iframe'), payload).toBeNull();
    }
    process.stdout.write(`reliability | 9 | hostile texts in a chat: scripts, and anything that makes a request | 0 and 0 of ${new Set(PAYLOADS).size}\n`);
  });
});

describe('rendering', () => {
  it('keeps HTML as the text that it is', () => {
    expect(shown('a <b>bold</b> word').textContent?.trim()).toBe('a <b>bold</b> word');
  });

  it('names a link by its https address and gives the text of any other', () => {
    const link = shown('[terms](https://learn.example/a?b=1&c=2)').querySelector('a');
    expect(link?.getAttribute('data-url')).toBe('https://learn.example/a?b=1&c=2');
    expect(link?.getAttribute('role')).toBe('link');
    expect(link?.getAttribute('tabindex')).toBe('0');
    expect(shown('[x](http://plain.example)').textContent?.trim()).toBe('x (http://plain.example)');
  });

  it('says an address that stands by itself once', () => {
    expect(shown('post@harbor.example').textContent?.trim()).toBe('post@harbor.example');
    expect(shown('http://harbor.example/a').textContent?.trim()).toBe('http://harbor.example/a');
    expect(shown('[write](mailto:post@harbor.example)').textContent?.trim()).toBe('write (mailto:post@harbor.example)');
  });

  it('takes telephone numbers for no amounts', () => {
    const table = shown('| name | phone | balance |\n|---|---|---|\n| A | +47 22 10 00 01 | 12.00 |');
    expect([...table.querySelectorAll('th')].map((head) => head.className)).toEqual(['', '', 'num']);
  });

  it('names an image and loads nothing', () => {
    const host = shown('![Logo](https://evil.example/b.png)');
    expect(host.querySelector('img')).toBeNull();
    expect(host.textContent?.trim()).toBe('Logo');
  });

  it('sets columns of figures at the right and leaves codes alone', () => {
    const host = shown('| No. | Name | Amount |\n| --- | --- | --- |\n| 10020 | Fjordlys | 48 210,00 |\n| 10030 | Nord | -12.5 |');
    const classes = [...host.querySelectorAll('th')].map((head) => head.className);
    expect(classes).toEqual(['', '', 'num']);
  });
});

describe('addresses', () => {
  it.each(['javascript:alert(1)', 'http://a.example', '//a.example', 'https://u:p@a.example', 'data:text/html,x', 'file:///x', '', 'x'])('refuses %s', (href) => expect(safeUrl(href)).toBeNull());
  it('shows lookalikes as they are resolved', () => expect(safeUrl('https://аpple.example/')).toMatch(/^https:\/\/xn--/));
});
