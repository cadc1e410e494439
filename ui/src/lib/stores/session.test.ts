import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Backend, RunListener } from '../backend/backend';
import { sampleBackend } from '../backend/sample';
import { connectionOf, updateCustomer } from '../backend/sample/records';
import type { AgentEvent, ApprovalRequest, ApprovalView } from '../protocol';
import { useBackend } from '../../test/fakeBackend';
import { approvals } from './approvals.svelte';
import { drafts } from './drafts';
import { engine } from './engine.svelte';
import { session } from './session.svelte';
import { sessions } from './sessions.svelte';

function sample(search = ''): Backend {
  const backend = sampleBackend(new URLSearchParams(`pace=0&state=empty&${search}`));
  engine.connect(backend);
  return backend;
}

const request = (id: string, runId: string, priority: ApprovalRequest['priority'] = 'medium'): ApprovalRequest => ({
  approval_id: id,
  change_set_id: id,
  session_id: 's',
  run_id: runId,
  digest: id,
  priority,
  requested_at: new Date(Date.now() - 1000).toISOString(),
  expires_at: new Date(Date.now() + 60_000).toISOString(),
  connection: connectionOf('demo'),
  changes: [updateCustomer(id)],
  left_out: [],
  title: null,
  revision: 0,
  typed: null,
  dry_run: null,
});

beforeEach(() => {
  session.startNew();
  sessionStorage.clear();
  approvals.pending = [];
  approvals.current = null;
});

describe('sending a message', () => {
  it('makes a session, follows its run to the end, and can be read back', async () => {
    const backend = sample();
    expect(await session.send('Which customers are overdue?')).toBe(true);
    await vi.waitFor(() => expect(session.running).toBe(false));
    expect(session.id).not.toBeNull();
    expect(session.pendingText).toBeNull();
    const shown = session.view;
    const id = session.id ?? '';
    session.startNew();
    await session.open(id);
    expect(session.view?.messages).toEqual(shown?.messages);
    expect(session.view?.toolCalls).toEqual(shown?.toolCalls);
    expect((await backend.listSessions())[0]?.title).toBe('Which customers are overdue?');
  });

  it('keeps the words when the engine does not take them', async () => {
    useBackend({ sendMessage: () => Promise.reject({ code: 'model_unavailable', message: 'The network is down.', retryable: true }) });
    expect(await session.send('Hello')).toBe(false);
    expect(session.sendFailure?.message).toBe('The network is down.');
    expect(session.running).toBe(false);
    expect(session.id).toBeNull();
  });

  it('sends nothing that is empty, and nothing while a run goes on', async () => {
    sample();
    expect(await session.send('  \n ')).toBe(false);
    void session.send('create');
    expect(await session.send('again')).toBe(false);
    await vi.waitFor(() => expect(approvals.current).not.toBeNull());
    await approvals.answer(approvals.current ?? never(), { verdict: 'reject', reason: null });
    await vi.waitFor(() => expect(session.running).toBe(false));
  });

  it('takes events that come before the answer with the ids', async () => {
    let tell: RunListener = () => undefined;
    let answer: (started: { session_id: string; run_id: string }) => void = () => undefined;
    useBackend({
      sendMessage: (_params, listener) => {
        tell = listener;
        return new Promise((resolve) => (answer = resolve));
      },
      listSessions: async () => [],
    });
    const sending = session.send('Hello');
    const base = { at: '2026-11-21T08:00:00Z', run_id: 'r', session_id: 's' };
    tell([{ ...base, seq: 1, type: 'run_started', model: 'demo', connection: null }, { ...base, seq: 2, type: 'turn_started', turn: 1 }]);
    answer({ session_id: 's', run_id: 'r' });
    await sending;
    tell([{ ...base, seq: 3, type: 'text_delta', text: 'Hi' }]);
    expect(session.view?.stale).toBe(false);
    expect(session.view?.live?.segments).toEqual([{ kind: 'text', text: 'Hi' }]);
  });

  it('puts a question on screen before the conversation behind it, which loses nothing and keeps its order', async () => {
    let tell: RunListener = () => undefined;
    useBackend({
      sendMessage: (_params, listener) => {
        tell = listener;
        return Promise.resolve({ session_id: 's', run_id: 'r' });
      },
      listSessions: async () => [],
    });
    await session.send('Hello');
    const base = { at: '2026-11-21T08:00:00Z', run_id: 'r', session_id: 's' };
    tell([{ ...base, seq: 1, type: 'run_started', model: 'demo', connection: null }, { ...base, seq: 2, type: 'turn_started', turn: 1 }]);
    const asked = { ...request('first', 'r'), session_id: 's' };
    tell([{ ...base, seq: 3, type: 'text_delta', text: 'I would ' }, { ...base, seq: 4, type: 'approval_requested', ...asked }]);
    tell([{ ...base, seq: 5, type: 'text_delta', text: 'do it.' }]);
    expect(approvals.current?.request.approval_id).toBe('first');
    expect(session.view?.live?.segments ?? []).toEqual([]);
    await vi.waitFor(() => expect(session.view?.live?.segments).toEqual([{ kind: 'text', text: 'I would do it.' }]));
    expect(session.view?.stale).toBe(false);
  });
});

describe('leaving and coming back', () => {
  it('finds a run that went on, from the store and its events', async () => {
    const backend = sample();
    await session.send('create');
    await vi.waitFor(() => expect(approvals.current).not.toBeNull());
    const id = session.id ?? '';
    session.startNew();
    expect(session.view).toBeNull();
    await session.open(id);
    expect(session.running).toBe(true);
    await approvals.answer(approvals.current ?? never(), { verdict: 'approve' });
    await vi.waitFor(() => expect(session.running).toBe(false));
    const { fromDetail } = await import('../reducers/fromDetail');
    const stored = fromDetail(await backend.getSession({ session_id: id }));
    expect(session.view?.messages).toEqual(stored.messages);
    expect(session.view?.runs).toEqual(stored.runs);
    expect([...(session.view?.changes.values() ?? [])].map(({ outcome }) => outcome)).toEqual(['confirmed']);
  });

  it('reads the store again when events were missed', async () => {
    let tell: RunListener = () => undefined;
    const getSession = vi.fn(() => Promise.reject({ code: 'not_found', message: 'gone', retryable: false }));
    useBackend({
      sendMessage: async (_params, listener) => {
        tell = listener;
        return { session_id: 's', run_id: 'r' };
      },
      listSessions: async () => [],
      getSession,
    });
    await session.send('Hello');
    const base = { at: '2026-11-21T08:00:00Z', run_id: 'r', session_id: 's' };
    tell([{ ...base, seq: 1, type: 'run_started', model: 'demo', connection: null }]);
    tell([{ ...base, seq: 9, type: 'run_completed', stop_reason: 'end_turn' }]);
    await vi.waitFor(() => expect(getSession).toHaveBeenCalledOnce());
  });

  it('stops a run', async () => {
    sample();
    await session.send('create');
    await vi.waitFor(() => expect(approvals.current).not.toBeNull());
    await session.cancel();
    await vi.waitFor(() => expect(session.run?.stopReason).toBe('cancelled'));
    expect(session.stopping).toBe(false);
    expect(approvals.current).toBeNull();
  });
});

describe('approvals', () => {
  const asked = (id: string, runId: string, priority?: ApprovalRequest['priority']): AgentEvent => ({ seq: 1, at: new Date().toISOString(), type: 'approval_requested', ...request(id, runId, priority) });

  it('opens one dialog for a burst of twenty, gravest first, and keeps the one on screen', () => {
    useBackend({});
    approvals.ourRun('burst');
    approvals.applyEvents([asked('first', 'burst')]);
    approvals.applyEvents(Array.from({ length: 19 }, (_, index) => asked(`more-${index}`, 'burst', 'high')));
    expect(approvals.current?.request.approval_id).toBe('first');
    expect(approvals.pending).toHaveLength(20);
    expect(approvals.pending[0]?.request.priority).toBe('high');
    approvals.setAside();
    expect(approvals.current?.request.priority).toBe('high');
    process.stdout.write(`reliability | 14 | dialogs that a burst of ${approvals.pending.length} questions opens at once | 1\n`);
  });

  it('says once when a question was put, for whoever measures how fast its dialog came', () => {
    useBackend({});
    const event = asked('measured', 'burst');
    approvals.applyEvents([event]);
    expect(approvals.takePutAt('measured')).toBe(Date.parse(event.at));
    expect(approvals.takePutAt('measured')).toBeNull();
    expect(approvals.takePutAt('never asked')).toBeNull();
  });

  it('leaves questions of other processes in the list', () => {
    useBackend({});
    approvals.applyEvents([asked('theirs', 'another-run')]);
    expect(approvals.current).toBeNull();
    approvals.open('theirs');
    expect(approvals.current?.request.approval_id).toBe('theirs');
  });

  it('does not take a list that is older than an event', async () => {
    const lists: ((list: ApprovalView[]) => void)[] = [];
    useBackend({ listApprovals: () => new Promise((resolve) => lists.push(resolve)) });
    approvals.ourRun('race');
    const refreshing = approvals.refresh();
    approvals.applyEvents([asked('fresh', 'race')]);
    lists[0]?.([]);
    await vi.waitFor(() => expect(lists).toHaveLength(2));
    expect(approvals.current?.request.approval_id).toBe('fresh');
    lists[1]?.([{ request: request('fresh', 'race'), state: 'pending', by: null, reason: null, resolved_at: null }]);
    await refreshing;
    expect(approvals.current?.request.approval_id).toBe('fresh');
  });

  it('goes away when it was answered elsewhere, and says so when it expired', () => {
    useBackend({});
    approvals.ourRun('ours');
    const resolved = (id: string, decision: 'rejected' | 'expired'): AgentEvent => ({ seq: 2, at: new Date().toISOString(), run_id: 'ours', session_id: 's', type: 'approval_resolved', approval_id: id, decision, by: 'terminal', edited: false, reason: null });
    approvals.applyEvents([asked('one', 'ours'), asked('two', 'ours'), resolved('one', 'rejected')]);
    expect(approvals.current?.request.approval_id).toBe('two');
    approvals.applyEvents([resolved('two', 'expired')]);
    expect(approvals.current?.state).toBe('expired');
    expect(approvals.pending).toEqual([]);
  });
});

describe('search', () => {
  it('lets a later question win over a slower earlier one', async () => {
    const answers: ((hits: []) => void)[] = [];
    useBackend({ search: () => new Promise((resolve) => answers.push(resolve)) });
    const first = sessions.search('har');
    const second = sessions.search('harbor');
    answers[1]?.([]);
    await second;
    const kept = sessions.hits;
    answers[0]?.([]);
    await first;
    expect(sessions.hits).toBe(kept);
    await sessions.search('');
    expect(sessions.hits).toBeNull();
  });
});

it('keeps unsent words per session', () => {
  drafts.set('a', 'half a sen');
  drafts.set(null, 'new');
  expect([drafts.get('a'), drafts.get('b'), drafts.get(null)]).toEqual(['half a sen', '', 'new']);
  drafts.clear('a');
  expect(drafts.get('a')).toBe('');
});

function never(): never {
  throw new Error('There is no approval.');
}
