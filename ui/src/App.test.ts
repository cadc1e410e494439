import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import App from './App.svelte';
import { sampleBackend } from './lib/backend/sample';
import { approvals } from './lib/stores/approvals.svelte';
import { engine } from './lib/stores/engine.svelte';
import { session } from './lib/stores/session.svelte';
import { sessions } from './lib/stores/sessions.svelte';

function open(search: string) {
  engine.connect(sampleBackend(new URLSearchParams(search)));
  return render(App);
}

async function ask(text: string) {
  const field = await screen.findByTestId('composer-input');
  await fireEvent.input(field, { target: { value: text } });
  await fireEvent.keyDown(field, { key: 'Enter' });
}

beforeEach(() => {
  sessionStorage.clear();
  session.startNew();
  engine.info = null;
  sessions.list = [];
  sessions.loaded = false;
  void sessions.search('');
  approvals.pending = [];
  approvals.current = null;
});

describe('the window', () => {
  it('begins with the demo company or a connection of one’s own', async () => {
    open('state=first-run&pace=0');
    await fireEvent.click(await screen.findByTestId('first-run-demo'));
    expect((await screen.findByTestId('demo-model-banner')).textContent).toContain('The demo model answers');
    expect(screen.getAllByTestId('connection-badge')[0]?.dataset['kind']).toBe('demo');
  });

  it('asks for a connection step by step', async () => {
    open('state=first-run&pace=0');
    await fireEvent.click(await screen.findByTestId('first-run-connect'));
    const form = within(screen.getByTestId('connect-form'));
    await fireEvent.input(form.getByLabelText(/Bearer token/), { target: { value: 'secret' } });
    await fireEvent.submit(screen.getByTestId('connect-form'));
    const company = await form.findByLabelText<HTMLSelectElement>(/Company/);
    expect([...company.options].map(({ text }) => text)).toEqual(['Nordby AS', 'Nordby Eiendom AS']);
    await fireEvent.submit(screen.getByTestId('connect-form'));
    expect(await screen.findByTestId('model-key-form')).toBeTruthy();
    expect(document.body.innerHTML).not.toContain('secret');
  });

  it('goes from a message over an approval to a confirmed write', async () => {
    open('state=empty&pace=0');
    await ask('change the terms');
    const dialog = await screen.findByTestId('approval-dialog');
    await vi.waitFor(() => expect(dialog.dataset['armed']).toBe('true'));
    await fireEvent.keyDown(dialog, { key: 'Enter', ctrlKey: true });
    await vi.waitFor(() => expect(screen.getByTestId('write-card').dataset['outcome']).toBe('confirmed'));
    await vi.waitFor(() => expect(screen.queryByTestId('stop')).toBeNull());
    expect(screen.queryByTestId('approval-dialog')).toBeNull();
    expect(screen.getAllByTestId('todo').map((todo) => todo.dataset['status'])).toEqual(['completed', 'completed', 'completed']);
    expect(screen.getByTestId('write-card').textContent).toContain('written and read back');
  });

  it('shows the rows of a read and sorts them', async () => {
    open('state=empty&pace=0');
    await ask('overdue');
    const table = await screen.findByTestId('result-table');
    expect(screen.getByTestId('tool-card').textContent).toContain('customers · 12 rows · 84 ms');
    const first = () => table.querySelector('tbody td:nth-child(2)')?.textContent?.trim();
    expect(first()).toBe('Fjordlys AS');
    await fireEvent.click(within(table).getByText('Display name'));
    expect(first()).toBe('Bakkehagen Hotell');
    expect(table.querySelector('th[aria-sort="ascending"]')?.textContent).toContain('Display name');
  });

  it('comes back to the session on screen after a reload', async () => {
    const backend = sampleBackend(new URLSearchParams('pace=0'));
    engine.connect(backend);
    const first = render(App);
    await fireEvent.click((await screen.findAllByTestId('session-row'))[2] ?? document.body);
    await screen.findAllByTestId('message');
    const id = session.id;
    first.unmount();
    session.id = null;
    session.view = null;
    render(App);
    await screen.findAllByTestId('message');
    expect(session.id).toBe(id);
  });

  it('searches, renames and deletes', async () => {
    open('pace=0');
    await screen.findAllByTestId('session-row');
    await fireEvent.input(screen.getByTestId('session-search'), { target: { value: 'owes' } });
    expect((await screen.findAllByTestId('search-hit'))[0]?.querySelector('mark')?.textContent).toBe('owes');
    await fireEvent.input(screen.getByTestId('session-search'), { target: { value: '' } });
    const row = (await screen.findAllByTestId('session-row'))[0] ?? document.body;
    await fireEvent.keyDown(row, { key: 'F2' });
    const title = screen.getByLabelText('Title');
    await fireEvent.input(title, { target: { value: 'Renamed' } });
    await fireEvent.keyDown(title, { key: 'Enter' });
    const renamed = await screen.findByTitle('Renamed');
    const count = screen.getAllByTestId('session-row').length;
    await fireEvent.keyDown(renamed, { key: 'Delete' });
    await fireEvent.click(await screen.findByTestId('confirm-delete'));
    await vi.waitFor(() => expect(screen.getAllByTestId('session-row')).toHaveLength(count - 1));
  });

  it('says what is wrong and keeps what can be kept', async () => {
    open('state=error&pace=0');
    await fireEvent.click((await screen.findAllByTestId('session-row'))[0] ?? document.body);
    expect(await screen.findByText(/the database is damaged/)).toBeTruthy();
    expect(screen.getByTestId('session-list')).toBeTruthy();
  });

  it('keeps the history and the words when the network is down', async () => {
    open('state=offline&pace=0');
    await ask('overdue');
    expect((await screen.findByTestId('composer-hint')).textContent).toContain('The network is down.');
    expect(screen.getByTestId<HTMLTextAreaElement>('composer-input').value).toBe('overdue');
    expect(screen.getAllByTestId('session-row').length).toBeGreaterThan(3);
  });

  it('opens a link only after its whole address was seen', async () => {
    const backend = sampleBackend(new URLSearchParams('state=empty&pace=0'));
    const openLink = vi.spyOn(backend, 'openLink');
    engine.connect(backend);
    render(App);
    await ask('overdue');
    const link = await vi.waitFor(() => document.querySelector('[data-url]') ?? Promise.reject(new Error('no link yet')));
    await fireEvent.click(link);
    const dialog = await screen.findByTestId('link-dialog');
    expect(dialog.textContent).toContain('https://learn.microsoft.com/en-us/dynamics365/business-central/finance-payment-terms');
    expect(openLink).not.toHaveBeenCalled();
    await fireEvent.click(screen.getByTestId('link-open'));
    expect(openLink).toHaveBeenCalledOnce();
  });
});

describe('taking back', () => {
  async function approve() {
    const dialog = await screen.findByTestId('approval-dialog');
    await vi.waitFor(() => expect(dialog.dataset['armed']).toBe('true'));
    await fireEvent.keyDown(dialog, { key: 'Enter', ctrlKey: true });
    await vi.waitFor(() => expect(screen.queryByTestId('stop')).toBeNull());
  }

  it('asks again before it undoes a write, and says what was undone', async () => {
    open('state=empty&pace=0');
    await ask('create');
    await approve();
    const card = screen.getByTestId('write-card');
    await fireEvent.click(within(card).getByTestId('undo-change'));
    const dialog = await screen.findByTestId('approval-dialog');
    expect(dialog.textContent).toContain('takes back what was written');
    expect(screen.queryByTestId('undone')).toBeNull();
    await approve();
    await vi.waitFor(() => expect(within(screen.getAllByTestId('write-card')[0] ?? card).getByTestId('undone')).toBeTruthy());
    expect(within(screen.getAllByTestId('write-card')[0] ?? card).queryByTestId('undo-change')).toBeNull();
  });

  it('shows what others changed since', async () => {
    open('state=empty&pace=0');
    await ask('change');
    await approve();
    await fireEvent.click(within(screen.getByTestId('write-card')).getByTestId('undo-change'));
    const conflicts = await screen.findByTestId('approval-conflicts');
    expect(conflicts.textContent).toMatch(/Credit limit.*75,000\.00.*82,500\.00.*50,000\.00/s);
  });

  it('takes a whole run back as one set, in reverse order, without what is final', async () => {
    open('state=empty&pace=0');
    await ask('order');
    await approve();
    await fireEvent.click(screen.getByTestId('undo-run'));
    const dialog = await screen.findByTestId('approval-dialog');
    expect(within(dialog).getAllByTestId('change-line').map((line) => line.querySelector('.what')?.textContent?.trim())).toEqual(['Undo: New sales order for 10020 Fjordlys AS', 'Undo: New customer Harbor Lights Ltd']);
    expect(screen.getByTestId('written-list').textContent).toContain('final');
  });

  it('puts the words of an expired question into the composer and sends nothing', { timeout: 30_000 }, async () => {
    open('state=empty&pace=0&approval=60');
    await ask('change');
    await fireEvent.click(await screen.findByTestId('approval-again'));
    await vi.waitFor(() => expect(screen.getByTestId<HTMLTextAreaElement>('composer-input').value).toContain('Please propose it again'));
    await vi.waitFor(() => expect(screen.queryByTestId('stop')).toBeNull(), { timeout: 10_000 });
    expect(screen.getAllByTestId('message').filter(({ dataset }) => dataset['role'] === 'user')).toHaveLength(1);
  });
});
