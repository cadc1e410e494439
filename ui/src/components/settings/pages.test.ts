import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { windowOf } from '../../lib/audit/window';
import { sampleBackend } from '../../lib/backend/sample';
import { newRule, ruleText, withoutRule } from '../../lib/permissions/rules';
import { accounts } from '../../lib/stores/accounts.svelte';
import { engine } from '../../lib/stores/engine.svelte';
import { layout } from '../../lib/stores/layout.svelte';
import FirstRun from '../start/FirstRun.svelte';
import ConnectionSwitcher from '../shell/ConnectionSwitcher.svelte';
import AccountPage from './AccountPage.svelte';
import AuditPage from './AuditPage.svelte';
import DataPage from './DataPage.svelte';
import PermissionPage from './PermissionPage.svelte';

async function use(search: string) {
  const backend = sampleBackend(new URLSearchParams(search));
  engine.connect(backend);
  engine.info = await backend.appInfo();
  return backend;
}

beforeEach(() => {
  accounts.list = [];
  accounts.loaded = false;
  accounts.failure = null;
  layout.panel = null;
});

afterEach(() => vi.useRealTimers());

describe('signing in', () => {
  it('leads from the first page over the browser to a company', async () => {
    await use('state=first-run&pace=0');
    const ondone = vi.fn();
    render(FirstRun, { onconnect: () => undefined, ondone });
    await fireEvent.click(screen.getByTestId('sign-in-begin'));
    expect(screen.getByTestId('sign-in').dataset['waiting']).toBe('true');
    await fireEvent.click(await screen.findByTestId('find-companies'));
    const picker = within(await screen.findByTestId('company-picker'));
    expect((await picker.findAllByRole('radio')).length).toBe(3);
    expect(screen.getByText(/did not answer within 30 seconds/)).toBeTruthy();
    await fireEvent.click(picker.getAllByRole('radio')[2] ?? document.body);
    await fireEvent.click(screen.getByTestId('connect-company'));
    await vi.waitFor(() => expect(ondone).toHaveBeenCalledOnce());
    expect(engine.info?.connection).toMatchObject({ kind: 'sandbox', company: 'Nordby AS', name: 'Nordby AS' });
  });

  it('shows the time that is left and can be stopped without an error', async () => {
    await use('state=first-run&pace=1');
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'Date'] });
    render(AccountPage);
    await tick();
    await fireEvent.click(screen.getByTestId('sign-in-begin'));
    vi.advanceTimersByTime(2_000);
    await tick();
    expect(screen.getByTestId('sign-in-left').textContent).toContain('4:58');
    await fireEvent.click(screen.getByTestId('sign-in-cancel'));
    vi.useRealTimers();
    await vi.waitFor(() => expect(screen.getByTestId('sign-in').dataset['waiting']).toBe('false'));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('says why it failed', async () => {
    const backend = await use('state=first-run&pace=0');
    vi.spyOn(backend, 'signIn').mockRejectedValue({ code: 'forbidden', message: 'Your organisation has to agree first.', retryable: false });
    render(AccountPage);
    await fireEvent.click(screen.getByTestId('sign-in-begin'));
    expect((await screen.findByRole('alert')).textContent).toContain('Your organisation has to agree first.');
  });

  it('signs out, and removes only after asking', async () => {
    await use('state=empty&kind=production');
    render(AccountPage);
    await fireEvent.click(await screen.findByTestId('account-sign-out'));
    await vi.waitFor(() => expect(screen.getByTestId('account').textContent).toContain('Signed out'));
    await fireEvent.click(screen.getByTestId('account-remove'));
    expect(screen.getByTestId('account')).toBeTruthy();
    await fireEvent.click(screen.getByTestId('account-remove-confirm'));
    await vi.waitFor(() => expect(screen.queryByTestId('account')).toBeNull());
  });

  it('goes to another connection from the header, by key too', async () => {
    const backend = await use('kind=production');
    const used = vi.spyOn(backend, 'useConnection');
    render(ConnectionSwitcher, { connection: engine.info?.connection ?? null });
    await fireEvent.click(screen.getByTestId('connection-switcher'));
    const item = await screen.findByRole('menuitemradio');
    await fireEvent.keyDown(screen.getByTestId('connection-menu'), { key: 'ArrowDown' });
    expect(document.activeElement).toBe(item);
    await fireEvent.click(item);
    expect(used).toHaveBeenCalledWith({ name: 'Nordby' });
    await fireEvent.click(screen.getByTestId('connection-switcher'));
    await fireEvent.click(screen.getByText('Accounts …'));
    expect(layout.panel).toBe('accounts');
  });
});

describe('permissions', () => {
  it('changes the role and nothing else', async () => {
    const backend = await use('kind=sandbox');
    const set = vi.spyOn(backend, 'setPermissions');
    const before = (await backend.listPermissions({ connection: null })).permissions;
    render(PermissionPage);
    await fireEvent.click(await screen.findByTestId('role-viewer'));
    expect(set).toHaveBeenCalledWith({ connection: expect.any(String), permissions: { ...before, role: 'viewer' } });
  });

  it('says what may stay before sets are tried out, and switches it on', async () => {
    const backend = await use('kind=sandbox');
    const set = vi.spyOn(backend, 'setPermissions');
    render(PermissionPage);
    const box = await screen.findByTestId<HTMLInputElement>('dry-run-on');
    expect(box.checked).toBe(false);
    expect(screen.getByTestId('dry-run-switch').textContent).toMatch(/number series.*mails/);
    await fireEvent.click(box);
    await vi.waitFor(() => expect(set).toHaveBeenCalledWith(expect.objectContaining({ permissions: expect.objectContaining({ dry_run: 'on' }) })));
    await vi.waitFor(() => expect(screen.getByTestId<HTMLInputElement>('dry-run-on').checked).toBe(true));
  });

  it('allows without asking for a while, shows it, and revokes it', async () => {
    const backend = await use('kind=sandbox');
    render(PermissionPage);
    const form = within(await screen.findByTestId('allowance-form'));
    await fireEvent.input(form.getByLabelText('Entity set'), { target: { value: 'items' } });
    await fireEvent.submit(screen.getByTestId('allowance-form'));
    await vi.waitFor(() => expect(screen.getAllByTestId('allowance')).toHaveLength(2));
    const rule = (await backend.listPermissions({ connection: null })).permissions.rules.at(-1);
    expect(rule).toMatchObject({ entity: 'items', operation: 'update', verdict: 'allow' });
    expect(Date.parse(rule?.expires_at ?? '') - Date.now()).toBeGreaterThan(7.9 * 3_600_000);
    await fireEvent.click(screen.getAllByTestId('allowance-revoke')[1] ?? document.body);
    await vi.waitFor(() => expect(screen.getAllByTestId('allowance')).toHaveLength(1));
  });

  it('offers nothing without asking in production, and shows the bounds of the organisation', async () => {
    await use('kind=production');
    render(PermissionPage);
    expect((await screen.findByTestId('organisation-policy')).textContent).toContain('Nobody may delete or post.');
    expect(screen.queryByTestId('allowance-form')).toBeNull();
    expect(screen.getByTestId('permission-page').textContent).toContain('In force: Editor');
  });

  it('keeps exact amounts in bounds, and refuses what is no number', async () => {
    const backend = await use('kind=sandbox');
    const set = vi.spyOn(backend, 'setPermissions');
    render(PermissionPage);
    const above = await screen.findByTestId<HTMLInputElement>('limit-typed_above');
    expect(above.value).toBe('100,000.00');
    await fireEvent.input(above, { target: { value: '12345678901234567.89' } });
    await fireEvent.input(screen.getByTestId('limit-writes_per_hour'), { target: { value: '1.5' } });
    await fireEvent.submit(screen.getByTestId('limit-form'));
    expect(set).not.toHaveBeenCalled();
    await fireEvent.input(screen.getByTestId('limit-writes_per_hour'), { target: { value: '20' } });
    await fireEvent.submit(screen.getByTestId('limit-form'));
    expect(set.mock.calls[0]?.[0].permissions.limits).toMatchObject({ typed_above: '12345678901234567.89', writes_per_hour: 20, writes_per_day: 200 });
  });

  it('says rules in words and takes out one of two that are alike', () => {
    const rule = newRule({ entity: ' customers ', operation: 'update', verdict: 'deny', hours: null }, 0);
    expect(ruleText(rule)).toBe('Change customers');
    expect(ruleText({ verdict: 'deny' })).toBe('Every write');
    expect(ruleText({ tool: 'bc_create_entity', verdict: 'ask' })).toBe('Every write (bc_create_entity)');
    const twin = { ...rule };
    expect(withoutRule([rule, twin], twin)).toEqual([rule]);
  });
});

describe('the audit log', () => {
  it('reads page by page and draws only what is in sight', async () => {
    const backend = await use('kind=production');
    const list = vi.spyOn(backend, 'listAudit');
    render(AuditPage);
    await vi.waitFor(() => expect(screen.getAllByTestId('audit-row').length).toBeGreaterThan(5));
    expect(screen.getAllByTestId('audit-row').length).toBeLessThan(40);
    expect(screen.getByTestId('audit-count').textContent).toContain('200+ entries');
    const scroller = screen.getByTestId('audit-scroller');
    Object.defineProperty(scroller, 'clientHeight', { value: 320 });
    scroller.scrollTop = 190 * 32;
    await fireEvent.scroll(scroller);
    await vi.waitFor(() => expect(screen.getByTestId('audit-count').textContent).toContain('400+ entries'));
    expect(list.mock.calls[1]?.[0].cursor).not.toBeNull();
    expect(screen.getAllByTestId('audit-row').length).toBeLessThan(40);
  });

  it('filters, verifies and exports what is filtered', async () => {
    const backend = await use('kind=production');
    const exported = vi.spyOn(backend, 'exportAudit');
    render(AuditPage);
    await fireEvent.input(await screen.findByTestId('audit-resource'), { target: { value: ' setting ' } });
    await vi.waitFor(() => expect(new Set(screen.getAllByTestId('audit-row').map((row) => row.children[1]?.textContent))).toEqual(new Set(['Setting changed'])));
    await fireEvent.click(screen.getByTestId('audit-verify'));
    expect((await screen.findByTestId('audit-verdict')).textContent).toContain('5,000 entries fit together');
    await fireEvent.click(screen.getByTestId('audit-export-csv'));
    expect(exported).toHaveBeenCalledWith({ filter: expect.objectContaining({ resource: 'setting' }), format: 'csv' });
  });

  it('draws all rows, none twice, wherever one has scrolled to', () => {
    for (const top of [0, 1, 31, 32, 5_000, 31_999, 99_999]) {
      const { first, end, above, below } = windowOf(1_000, 32, top, 320);
      expect(above + (end - first) * 32 + below).toBe(32_000);
      expect(end - first).toBeLessThanOrEqual(28);
      expect(first).toBeGreaterThanOrEqual(0);
    }
    expect(windowOf(0, 32, 0, 320)).toEqual({ first: 0, end: 0, above: 0, below: 0 });
  });
});

describe('data and privacy', () => {
  it('asks before data goes to a model, and takes it back', async () => {
    await use('kind=production');
    render(DataPage);
    const button = await screen.findByTestId('agreement-button');
    expect(screen.getByTestId('agreement').textContent).toContain('Not agreed');
    await fireEvent.click(button);
    await vi.waitFor(() => expect(screen.getByTestId('agreement').textContent).toContain('Agreed'));
    await fireEvent.click(screen.getByTestId('agreement-button'));
    await vi.waitFor(() => expect(screen.getByTestId('agreement').textContent).toContain('Taken back'));
  });

  it('deletes only after the words were typed', async () => {
    const backend = await use('kind=production');
    const remove = vi.spyOn(backend, 'deleteData');
    render(DataPage);
    await fireEvent.click(await screen.findByTestId('ask-delete-data'));
    await fireEvent.submit(screen.getByTestId('delete-word').closest('form') ?? document.body);
    expect(remove).not.toHaveBeenCalled();
    await fireEvent.input(screen.getByTestId('delete-word'), { target: { value: 'delete everything' } });
    await fireEvent.submit(screen.getByTestId('delete-word').closest('form') ?? document.body);
    expect((await screen.findByTestId('data-report')).textContent).toContain('conversations');
    expect(remove).toHaveBeenCalledWith({ scope: { kind: 'everything' } });
  });
});
