/** What the window does when it opens: asks for everything once, then listens. */
import { approvals } from './approvals.svelte';
import { lastSession } from './drafts';
import { engine } from './engine.svelte';
import { idle } from './idle.svelte';
import { session } from './session.svelte';
import { sessions } from './sessions.svelte';
import { theme } from './theme.svelte';

export function start(): () => void {
  const stops: (() => void)[] = [];
  let stopped = false;
  void (async () => {
    const listening = await Promise.all([
      engine.backend.on('approvals_changed', () => void approvals.refresh()),
      engine.backend.on('sessions_changed', () => void refreshSessions()),
      engine.backend.on('navigate', ({ session_id }) => void session.open(session_id)),
    ]);
    if (stopped) listening.forEach((stop) => stop());
    else stops.push(...listening);
  })();
  void load();
  return () => {
    stopped = true;
    stops.forEach((stop) => stop());
  };
}

async function refreshSessions(): Promise<void> {
  await sessions.refresh();
  void engine.refresh();
}

async function load(): Promise<void> {
  await Promise.all([engine.refresh(), sessions.refresh()]);
  void theme.load();
  void idle.load();
  await approvals.refresh();
  const last = lastSession.get();
  if (last !== null && sessions.titleOf(last) !== null) await session.open(last);
}

/** Everything anew, for another home. */
export async function startOver(): Promise<void> {
  session.startNew();
  await load();
}
