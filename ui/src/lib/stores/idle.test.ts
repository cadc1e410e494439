import { render, screen, fireEvent } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import App from '../../App.svelte';
import { sampleBackend } from '../backend/sample';
import type { AccountView } from '../protocol';
import { accounts } from './accounts.svelte';
import { engine } from './engine.svelte';
import { idle, LOCK_SETTING } from './idle.svelte';

const MINUTE = 60_000;

function withLock(minutes: string) {
  const backend = sampleBackend(new URLSearchParams('pace=0'));
  const setting = { key: LOCK_SETTING, value: minutes, default_value: '0', description: '', options: [], source: 'setting' };
  engine.connect({ ...backend, listSettings: async () => [setting as never] });
}

const owner = { account_id: 'a', name: 'Ingrid Solheim', mail: 'ingrid@nordby.example', signed_in: true } as AccountView;

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => {
  vi.useRealTimers();
  localStorage.clear();
  idle.owner = null;
  idle.known = true;
  idle.unlock(null);
});

describe('the lock', () => {
  it('covers everything after the minutes that were set, and a press opens it where nobody is signed in', async () => {
    withLock('5');
    render(App);
    await screen.findByTestId('composer-input');
    await idle.load();
    vi.setSystemTime(Date.now() + 4 * MINUTE);
    idle.look();
    expect(idle.locked).toBe(false);
    vi.setSystemTime(Date.now() + 2 * MINUTE);
    idle.look();
    await screen.findByTestId('lock');
    for (const gone of ['composer-input', 'message-list', 'approval-dialog']) expect(screen.queryByTestId(gone)).toBeNull();
    idle.owner = null;
    await fireEvent.click(await screen.findByTestId('unlock'));
    await screen.findByTestId('composer-input');
  });

  it('is never there where the setting is off, and goes with it', async () => {
    withLock('0');
    await idle.load();
    vi.setSystemTime(Date.now() + 600 * MINUTE);
    idle.look();
    expect(idle.locked).toBe(false);
    idle.locked = true;
    await idle.load();
    expect(idle.locked).toBe(false);
  });

  it('opens for nobody before it is known whose window it is', async () => {
    withLock('5');
    let tell: (list: AccountView[]) => void = () => undefined;
    engine.connect({ ...engine.backend, listAccounts: () => new Promise<AccountView[]>((told) => (tell = told)) });
    await engine.refresh();
    idle.locked = true;
    idle.known = false;
    const loading = idle.load();
    await vi.waitFor(() => idle.unlock(null));
    expect(idle.locked).toBe(true);
    await vi.waitFor(() => {
      tell([]);
      expect(idle.known).toBe(true);
    });
    await loading;
    idle.unlock(null);
    expect(idle.locked).toBe(false);
  });

  /** Locked, with these accounts and an active connection of this account. */
  async function lockedFor(list: AccountView[], account_id: string | null) {
    withLock('5');
    const info = { ...(await sampleBackend(new URLSearchParams('pace=0')).appInfo()), connection: { name: 'books', account: 'ingrid@nordby.example' } as never, account_id };
    engine.connect({ ...engine.backend, appInfo: async () => info, listAccounts: async () => list });
    await engine.refresh();
    Object.assign(idle, { locked: true, known: false, owner: null, refusal: null });
    await idle.load();
    await vi.waitFor(() => expect(idle.known).toBe(true));
    idle.unlock(null);
  }
  const ingrid = { ...owner, last_sign_in: '2026-03-03T08:00:00Z' };
  const namesake = { ...owner, account_id: 'b', last_sign_in: '2026-03-02T08:00:00Z' };

  it('opens by no press while somebody is signed in, and for nobody of the same name and address', async () => {
    for (const list of [[ingrid, namesake], [namesake, ingrid], [{ ...ingrid, name: 'Renamed since', mail: null }, namesake], [{ ...ingrid, signed_in: false }, namesake]]) {
      await lockedFor(list, 'a');
      idle.unlock(namesake);
      expect([idle.locked, idle.owner?.account_id]).toEqual([true, 'a']);
      idle.unlock(ingrid);
      expect(idle.locked).toBe(false);
    }
  });

  it('opens for who came first where the connection has no account, or one that is gone', async () => {
    for (const account_id of [null, 'gone']) {
      await lockedFor([ingrid, namesake], account_id);
      idle.unlock(ingrid);
      expect([idle.locked, idle.owner?.account_id]).toEqual([true, 'b']);
      idle.unlock(namesake);
      expect(idle.locked).toBe(false);
    }
  });

  it('comes before the page of an engine that could not start, and is no dead end there', async () => {
    withLock('5');
    const { backend } = engine;
    const broken = async () => Promise.reject({ code: 'store', message: 'The database is damaged.', retryable: false });
    engine.connect({ ...backend, appInfo: broken, listSettings: broken, listSessions: broken, listAccounts: broken, listBackups: () => expect.unreachable('behind a lock no backup is listed') });
    engine.info = null;
    idle.locked = true;
    idle.known = false;
    render(App);
    await vi.waitFor(() => expect(screen.getByTestId('lock').textContent).toContain('BC Agent could not start: The database is damaged.'));
    expect(screen.queryByRole('heading', { name: 'BC Agent could not start' })).toBeNull();
    expect(screen.queryByTestId('unlock')).toBeNull();
    engine.connect(backend);
    await fireEvent.click(screen.getByTestId('lock-again'));
    await fireEvent.click(await screen.findByTestId('unlock'));
    await screen.findByTestId('composer-input');
  });

  it('is not there over the page of an engine that could not start while it is open', async () => {
    withLock('0');
    const broken = async () => Promise.reject({ code: 'store', message: 'The database is damaged.', retryable: false });
    engine.connect({ ...engine.backend, appInfo: broken, listBackups: async () => [] });
    engine.info = null;
    idle.locked = false;
    render(App);
    await screen.findByRole('heading', { name: 'BC Agent could not start' });
    expect(screen.queryByTestId('lock')).toBeNull();
  });

  it('opens for the person who is signed in and for nobody else', async () => {
    withLock('5');
    await engine.refresh();
    await idle.load();
    vi.setSystemTime(Date.now() - 600 * MINUTE);
    idle.look();
    expect(idle.locked).toBe(true);
    await vi.waitFor(() => expect(idle.known).toBe(true));
    idle.owner = owner;
    idle.unlock(null);
    idle.unlock({ ...owner, account_id: 'b' });
    expect([idle.locked, idle.refusal]).toEqual([true, 'This window belongs to Ingrid Solheim. Sign in as the same person.']);
    idle.unlock(owner);
    expect(idle.locked).toBe(false);
  });
});
