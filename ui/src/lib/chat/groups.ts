/** Sessions under the day of their newest message. */
import { dayGroup } from '../format/date';
import type { SessionSummary } from '../protocol';

export interface DayGroup {
  day: string;
  sessions: SessionSummary[];
}

/** The list is newest first, and so are the groups. */
export function byDay(list: readonly SessionSummary[], now: Date): DayGroup[] {
  const groups: DayGroup[] = [];
  for (const session of list) {
    const day = dayGroup(session.updated_at, now);
    const group = groups.find((known) => known.day === day);
    if (group === undefined) groups.push({ day, sessions: [session] });
    else group.sessions.push(session);
  }
  return groups;
}

export interface SnippetPart {
  text: string;
  hit: boolean;
}

/** What was found stands between U+0002 and U+0003. */
export function snippetParts(snippet: string): SnippetPart[] {
  return snippet.split('\u0002').flatMap((piece, index) => {
    if (index === 0) return piece === '' ? [] : [{ text: piece, hit: false }];
    const [hit = '', ...rest] = piece.split('\u0003');
    const after = rest.join('');
    return [{ text: hit, hit: true }, ...(after === '' ? [] : [{ text: after, hit: false }])];
  });
}
