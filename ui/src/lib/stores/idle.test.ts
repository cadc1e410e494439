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

  it('opens by no press while somebody is signed in, whatever the account is called now', async () => {
    withLock('5');
    const renamed = { ...owner, mail: 'ingrid.nord@nordby.example', last_sign_in: '2026-03-02T08:00:00Z' };
    const later = { ...owner, account_id: 'b', name: 'Somebody else', mail: 'else@other.example', last_sign_in: '2026-03-03T08:00:00Z' };
    const connection = { name: 'books', account: 'ingrid@nordby.example' };
    const opensFor = () => idle.owner?.account_id;
    const connections = [connection, { ...connection, account: 'token' }, null];
    for (const account of connections) {
      engine.connect({
        ...engine.backend,
        appInfo: async () => ({ ...(await sampleBackend(new URLSearchParams('pace=0')).appInfo()), connection: account as never }),
        listAccounts: async () => [later, renamed],
      });
      await engine.refresh();
      idle.locked = true;
      idle.known = false;
      idle.owner = null;
      await idle.load();
      await vi.waitFor(() => expect(idle.known).toBe(true));
      idle.unlock(null);
      idle.unlock(later);
      expect([idle.locked, opensFor()]).toEqual([true, 'a']);
      idle.unlock(renamed);
      expect(idle.locked).toBe(false);
    }
  });

  it('opens for the person who is signed in and for nobody else', async () => {
    withLock('5');
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
