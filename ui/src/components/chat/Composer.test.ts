import { fireEvent, render, screen } from '@testing-library/svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppInfo } from '../../lib/protocol';
import { engine } from '../../lib/stores/engine.svelte';
import { session } from '../../lib/stores/session.svelte';
import { useBackend } from '../../test/fakeBackend';
import Composer from './Composer.svelte';

const INFO: AppInfo = { version: '0', demo: true, home: '', connection: null, account_id: null, connection_pending: false, provider: 'anthropic', model: 'demo', demo_model: true, not_ready: null, notices: [] };
const field = () => screen.getByTestId<HTMLTextAreaElement>('composer-input');
const sendButton = () => screen.getByTestId<HTMLButtonElement>('composer-send');

beforeEach(() => {
  sessionStorage.clear();
  session.startNew();
  engine.info = INFO;
});

async function write(text: string) {
  await fireEvent.input(field(), { target: { value: text } });
}

describe('the composer', () => {
  it('sends on Enter, and not on Shift+Enter nor while an input method composes', async () => {
    const sendMessage = vi.fn(async () => ({ session_id: 's', run_id: 'r' }));
    useBackend({ sendMessage, listSessions: async () => [] });
    render(Composer, { onsetup: () => undefined });
    await write('Hello');
    await fireEvent.keyDown(field(), { key: 'Enter', shiftKey: true });
    await fireEvent.keyDown(field(), { key: 'Enter', isComposing: true });
    expect(sendMessage).not.toHaveBeenCalled();
    await fireEvent.keyDown(field(), { key: 'Enter' });
    expect(sendMessage).toHaveBeenCalledWith({ session_id: null, text: 'Hello', files: [] }, expect.any(Function));
    expect(field().value).toBe('');
  });

  it('takes files along, gives them back when they were not taken, and takes one off', async () => {
    const attachFile = vi.fn(async ({ name }: { name: string; content: string }) => ({ id: name, name, bytes: 5, content_type: 'text/plain', sha256: '' }));
    const sendMessage = vi.fn().mockRejectedValueOnce({ code: 'model_unavailable', message: 'The network is down.', retryable: true }).mockResolvedValue({ session_id: 's', run_id: 'r' });
    useBackend({ attachFile, sendMessage, listSessions: async () => [] });
    render(Composer, { onsetup: () => undefined });
    const files = [new File(['hello'], 'bill.txt'), new File(['other'], 'other.txt')];
    await fireEvent.change(screen.getByTestId('file-input'), { target: { files } });
    await vi.waitFor(() => expect(screen.getAllByTestId('file-chip')).toHaveLength(2));
    expect(attachFile).toHaveBeenCalledWith({ name: 'bill.txt', content: btoa('hello') });
    await fireEvent.click(screen.getByLabelText('Remove other.txt'));
    await fireEvent.click(sendButton());
    await vi.waitFor(() => expect(screen.getByTestId('composer-hint').textContent).toContain('The network is down.'));
    await vi.waitFor(() => expect(screen.getAllByTestId('file-chip')).toHaveLength(1));
    await fireEvent.click(sendButton());
    expect(sendMessage).toHaveBeenLastCalledWith({ session_id: null, text: '', files: ['bill.txt'] }, expect.any(Function));
    await vi.waitFor(() => expect(screen.queryAllByTestId('file-chip')).toHaveLength(0));
  });

  it('keeps what is written on while a new session gets its id', async () => {
    let answer: (started: { session_id: string; run_id: string }) => void = () => undefined;
    useBackend({ sendMessage: () => new Promise((resolve) => (answer = resolve)), listSessions: async () => [] });
    render(Composer, { onsetup: () => undefined });
    await write('Hello');
    await fireEvent.keyDown(field(), { key: 'Enter' });
    await write('and then');
    answer({ session_id: 's', run_id: 'r' });
    await vi.waitFor(() => expect(session.id).toBe('s'));
    expect(field().value).toBe('and then');
  });

  it('gives the words back when they were not taken, and says why', async () => {
    useBackend({ sendMessage: () => Promise.reject({ code: 'model_authentication', message: 'The key was refused.', retryable: false }) });
    render(Composer, { onsetup: () => undefined });
    await write('Hello');
    await fireEvent.keyDown(field(), { key: 'Enter' });
    await vi.waitFor(() => expect(field().value).toBe('Hello'));
    expect(screen.getByTestId('composer-hint').textContent).toContain('The key was refused.');
  });

  it('says what keeps it from sending and offers to set it up', async () => {
    engine.info = { ...INFO, not_ready: 'No key for the model is set.' };
    const onsetup = vi.fn();
    render(Composer, { onsetup });
    await write('Hello');
    expect(sendButton().disabled).toBe(true);
    await fireEvent.click(screen.getByText('Set it up'));
    expect(onsetup).toHaveBeenCalledWith('connect');
  });
});
