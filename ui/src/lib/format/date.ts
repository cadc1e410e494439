/** Dates and times as the person's locale writes them. */
import { LOCALE } from './number';

const DATE_ONLY = /^\d{4}-\d{2}-\d{2}$/;

/** `2026-11-21` or a timestamp, as a day. Business Central's `0001-01-01` means none. */
export function formatDate(text: string, locale = LOCALE): string {
  if (text.startsWith('0001-01-01')) return '';
  // A day without a time is that day everywhere: read as UTC and shown as UTC.
  const zone = DATE_ONLY.test(text) ? { timeZone: 'UTC' } : {};
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', ...zone }).format(at);
}

export function formatDateTime(text: string, locale = LOCALE): string {
  if (text.startsWith('0001-01-01')) return '';
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

export function formatTime(text: string, locale = LOCALE): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  return new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(at);
}

/** `Today`, `Yesterday`, a weekday within the last week, else the month (and the year, when it is not this one). */
export function dayGroup(text: string, now: Date, locale = LOCALE): string {
  const at = new Date(text);
  const days = Math.round((startOfDay(now) - startOfDay(at)) / 86_400_000);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days < 7) return new Intl.DateTimeFormat(locale, { weekday: 'long' }).format(at);
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const };
  return new Intl.DateTimeFormat(locale, { month: 'long', ...year }).format(at);
}

function startOfDay(at: Date): number {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}

/** What is left until `until`, as `4:12`; never negative. */
export function formatCountdown(msLeft: number): string {
  const seconds = Math.max(0, Math.ceil(msLeft / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
