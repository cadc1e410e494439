/**
 * Reads JSON without losing a digit. A number that a float cannot hold (more than fifteen significant digits; amounts of some currencies
 * have them) comes as its own text; the formats here take either.
 */
import { parse } from 'lossless-json';
import { decimalText } from './number';

/** Fifteen digits always survive a float. Without a longer stretch of digits the web view's own reader, which is far quicker, will do. */
const LONG = /\d[\d.]{15}/;

export function readJson(text: string): unknown {
  return LONG.test(text) ? parse(text, undefined, numberOrText) : JSON.parse(text);
}

function numberOrText(text: string): number | string {
  const value = Number(text);
  return Number.isFinite(value) && (/[eE]/.test(text) || plain(decimalText(value)) === plain(text)) ? value : text;
}

/** `-007.500` and `-7.5` are the same. */
function plain(text: string): string {
  const [whole = '', fraction = ''] = text.split('.');
  const digits = fraction.replace(/0+$/, '');
  const number = whole.replace(/^(-?)0+(?=\d)/, '$1') + (digits === '' ? '' : `.${digits}`);
  return number === '-0' ? '0' : number;
}
