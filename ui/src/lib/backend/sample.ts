/**
 * An engine in memory, with sample data: for development in a browser, tests and screenshots. Never part of the production bundle
 * (backend/index.ts). The address chooses what to show: `?state=first-run|empty|huge|error|offline|interrupted|loading|broken`,
 * `&kind=production`, `&pace=0`, `&approval=20000` (milliseconds).
 */
import type { AppInfo, ApprovalRequest, ChangeView, ConnectionKind, SessionDetail, SettingView, StartedRun } from '../protocol';
import type { Backend, Broadcasts, RunListener } from './backend';
import { INGRID, office } from './sample/office';
import { connectionOf, OVERDUE } from './sample/records';
import { inverse, lookup, revised } from './sample/revise';
import { play, playUndo, type Options } from './sample/script';
import { newId, newSession, SampleRun, type SampleApproval } from './sample/store';

const DAY = 86_400_000;
const OLD_SESSIONS: [daysAgo: number, title: string][] = [
  [0, 'New customer Harbor Lights'],
  [0, 'Stock of desks below the reorder point'],
  [1, 'Month end: open purchase invoices'],
  [1, 'Quotes that run out this week'],
  [3, 'Who buys the NARVIK Desk?'],
  [9, 'Addresses of vendors in Trøndelag'],
  [40, 'VAT on exports, a check'],
];

export function sampleBackend(query: URLSearchParams): Backend {
  const state = query.get('state') ?? '';
  const kind = (query.get('kind') ?? 'demo') as ConnectionKind;
  const pace = Number(query.get('pace') ?? '1');
  const approvalMs = Number(query.get('approval') ?? '300000');
  const sessions = new Map<string, SessionDetail>();
  const runs = new Map<string, SampleRun>();
  const approvals = new Map<string, SampleApproval>();
  const proposed = new Map<string, ApprovalRequest>();
  const listeners: { [K in keyof Broadcasts]: Set<(payload: Broadcasts[K]) => void> } = { approvals_changed: new Set(), sessions_changed: new Set(), navigate: new Set() };
  const connection = connectionOf(kind);
  let info: AppInfo = {
    version: '0.1.0',
    demo: kind === 'demo' && state !== 'first-run',
    home: '~/.local/share/bc-agent',
    connection: state === 'first-run' ? null : connection,
    account_id: kind === 'demo' || state === 'first-run' ? null : INGRID.account_id,
    connection_pending: false,
    provider: 'anthropic',
    model: kind === 'demo' ? 'demo' : 'claude-sonnet',
    demo_model: kind === 'demo' && state !== 'first-run',
    not_ready: state === 'not-ready' || state === 'first-run' ? 'No key for the model is set. Set one, or try the demo company.' : null,
    notices: state === 'interrupted' ? [{ text: 'BC Agent was closed while a run went on. Nothing was sent twice; one run is marked as interrupted.', session_id: 'sample-0' }] : [],
  };
  const settings: SettingView[] = [
    { key: 'agent.max_turns', value: '20', default: '20', source: 'default', description: 'Turns after which a run stops.', options: [] },
    { key: 'approval.timeout_seconds', value: '300', default: '300', source: 'default', description: 'Seconds after which silence becomes no.', options: [] },
    { key: 'model.provider', value: 'anthropic', default: 'anthropic', source: 'default', description: 'The protocol that the model speaks.', options: ['anthropic'] },
    { key: 'model.id', value: info.model, default: info.model, source: 'default', description: 'The model.', options: [] },
    { key: 'window.theme', value: query.get('theme') ?? 'system', default: 'system', source: 'user', description: 'How the window looks.', options: ['system', 'light', 'dark'] },
  ];

  if (state !== 'first-run' && state !== 'empty') seed();

  function seed(): void {
    OLD_SESSIONS.forEach(([days, title], index) => {
      const at = new Date(Date.now() - days * DAY - index * 3_600_000).toISOString();
      const detail = newSession(`sample-${index}`, title, connection, at);
      sessions.set(detail.session.session_id, detail);
      const run = new SampleRun(detail, connection, () => at);
      const rounds = state === 'huge' && index === 0 ? 500 : 1;
      for (let round = 0; round < rounds; round += 1) {
        if (round === 0) run.emit({ type: 'run_started', model: 'demo', connection });
        run.message('user', [{ type: 'text', text: rounds > 1 ? `Question ${round + 1}: ${title}?` : title }]);
        run.message('assistant', [{ type: 'text', text: `Here is what the books say about **${title.toLowerCase()}**.\n\n- ${OVERDUE[round % 12]?.displayName} owes ${OVERDUE[round % 12]?.balanceDue} NOK.\n- Nothing else stands out.` }]);
      }
      if (state === 'interrupted' && index === 0 && run.run) Object.assign(run.run, { interrupted: true });
      else run.emit({ type: 'run_completed', stop_reason: 'end_turn' });
      detail.session.running = false;
      detail.session.updated_at = at;
    });
  }

  const detailOf = (sessionId: string): SessionDetail => {
    const detail = sessions.get(sessionId);
    if (detail === undefined) throw { code: 'not_found', message: 'This session is gone.', retryable: false };
    return detail;
  };
  const broken = (): never => {
    throw { code: 'store', message: 'The database is damaged and could not be opened. Restore one of its backups.', retryable: false };
  };
  const tell = <K extends keyof Broadcasts>(name: K, payload: Broadcasts[K]) => listeners[name].forEach((listener) => listener(payload));

  const options: Options = {
    pace,
    approvalMs,
    asked: (approval) => {
      approvals.set(approval.request.approval_id, approval);
      proposed.set(approval.request.approval_id, approval.request);
      void approval.answered.then(() => tell('approvals_changed', null));
      tell('approvals_changed', null);
    },
  };

  function start(detail: SessionDetail, listener: RunListener, perform: (run: SampleRun) => Promise<void>): StartedRun {
    const run = new SampleRun(detail, connection);
    runs.set(run.runId, run);
    run.listeners.add(listener);
    void perform(run);
    return { session_id: detail.session.session_id, run_id: run.runId };
  }

  function undo(wanted: (change: ChangeView) => boolean, listener: RunListener): StartedRun {
    for (const detail of sessions.values()) {
      const found = detail.changes.filter((change) => wanted(change) && change.state === 'confirmed' && change.undone_by === null && change.preview.undo.kind === 'yes');
      if (found.length > 0) return start(detail, listener, (run) => playUndo(run, found.map(inverse).toReversed(), options));
    }
    throw { code: 'not_found', message: 'There is nothing to undo.', retryable: false };
  }

  return {
    ...office(() => info.connection, (made) => void (info = { ...info, connection: made, account_id: INGRID.account_id, not_ready: null }), pace),
    appInfo: async () => (state === 'broken' ? broken() : info),
    listSessions: async () => {
      if (state === 'loading') return new Promise(() => undefined);
      return [...sessions.values()].map(({ session }) => ({ ...session })).toSorted((a, b) => b.updated_at.localeCompare(a.updated_at));
    },
    getSession: async ({ session_id }) => {
      if (state === 'error') throw { code: 'store', message: 'The history could not be read: the database is damaged. Restore one of its backups in the settings.', retryable: true };
      return structuredClone(detailOf(session_id));
    },
    renameSession: async ({ session_id, title }) => void Object.assign(detailOf(session_id).session, { title }),
    deleteSession: async ({ session_id }) => void sessions.delete(session_id),
    exportSession: async ({ session_id }) => JSON.stringify(detailOf(session_id), null, 2),
    search: async ({ query: words, limit }) =>
      [...sessions.values()]
        .flatMap(({ session, messages }) =>
          messages.flatMap((message) => {
            const text = message.content.map((block) => (block.type === 'text' ? block.text : '')).join(' ');
            const at = text.toLowerCase().indexOf(words.toLowerCase());
            if (at < 0) return [];
            const snippet = `${at > 40 ? '…' : ''}${text.slice(Math.max(0, at - 40), at)}\u0002${text.slice(at, at + words.length)}\u0003${text.slice(at + words.length, at + 120)}`;
            return [{ session_id: session.session_id, session_title: session.title, message_id: message.message_id, call_id: null, snippet, at: message.created_at }];
          }),
        )
        .slice(0, limit),
    attachFile: async ({ name, content }) => ({ id: newId('file'), name, bytes: Math.floor((content.length * 3) / 4), content_type: 'application/octet-stream', sha256: '0'.repeat(64) }),
    shownChanges: async ({ shown }) => shown.map(({ key }) => ({ key, changed: 0 })),
    readAgain: async () => ({ rows: [], as_of: new Date().toISOString() }),
    sendMessage: async ({ session_id, text }, listener) => {
      if (state === 'offline') throw { code: 'model_unavailable', message: 'The network is down. Your history is here and can be searched; sending waits until it is back.', retryable: true };
      let detail = session_id === null ? undefined : sessions.get(session_id);
      if (detail === undefined) {
        detail = newSession(newId('session'), text.slice(0, 60), connection, new Date().toISOString());
        sessions.set(detail.session.session_id, detail);
      }
      return start(detail, listener, (run) => play(run, text, options));
    },
    watchRun: async ({ run_id, after_seq }, listener) => {
      const run = runs.get(run_id);
      if (run === undefined) return false;
      listener(run.events.filter(({ seq }) => seq > after_seq));
      run.listeners.add(listener);
      return true;
    },
    cancelRun: async ({ run_id }) => runs.get(run_id)?.aborted.abort(),
    listApprovals: async () =>
      [...approvals.values()].filter(({ decision }) => decision === null).map(({ request }) => ({ request, state: 'pending', by: null, reason: null, resolved_at: null })),
    answerApproval: async (answer) => {
      const approval = approvals.get(answer.approval_id);
      if (approval === undefined || approval.request.digest !== answer.digest) throw { code: 'conflict', message: 'This is not what was shown. Nothing was changed.', retryable: false };
      return answer.verdict === 'approve' ? approval.settle('approved', 'window', null) : approval.settle('rejected', 'window', answer.reason);
    },
    reviseApproval: async (revision) => {
      const approval = approvals.get(revision.approval_id);
      const first = proposed.get(revision.approval_id);
      if (approval === undefined || first === undefined || approval.decision !== null) throw { code: 'not_found', message: 'This question is no longer open.', retryable: false };
      return approval.revise(revised(approval.request, first, revision));
    },
    lookupRecords: async ({ entity, words }) => lookup(entity, words),
    undoChange: async ({ change_id }, listener) => undo(({ preview }) => preview.change_id === change_id, listener),
    undoRun: async ({ run_id }, listener) => undo((change) => change.run_id === run_id, listener),
    exportEvidence: async ({ change_id, session_id, format }) => (format === 'json' ? JSON.stringify({ change_id, session_id }) : `<!doctype html><title>Evidence</title><p>${change_id ?? session_id}</p>`),
    listChanges: async ({ session_id }) => [...sessions.values()].filter(({ session }) => session_id === null || session.session_id === session_id).flatMap(({ changes }) => changes),
    listConnections: async () => (info.connection === null ? [] : [info.connection]),
    addConnection: async ({ name }) => ({ ...connectionOf('sandbox'), name }),
    listCompanies: async () => [
      { id: connection.company_id, name: 'Nordby AS' },
      { id: '3f2b1c60-0000-4000-8000-000000000002', name: 'Nordby Eiendom AS' },
    ],
    useConnection: async ({ name }) => void (info = { ...info, connection: { ...connectionOf('sandbox'), name } }),
    removeConnection: async () => void (info = { ...info, connection: null, account_id: null }),
    switchHome: async ({ demo }) => (info = { ...info, demo, demo_model: demo, connection: demo ? connectionOf('demo') : null, account_id: null, not_ready: null, model: demo ? 'demo' : 'claude-sonnet' }),
    listModels: async () => [{ id: 'claude-sonnet', display_name: 'Claude Sonnet' }],
    setModelKey: async () => void (info = { ...info, not_ready: null }),
    listSettings: async () => (state === 'broken' ? broken() : settings).map((setting) => ({ ...setting })),
    setSetting: async ({ key, value }) => {
      const setting = settings.find((known) => known.key === key);
      if (setting === undefined) throw { code: 'not_found', message: `There is no setting ${key}.`, retryable: false };
      return Object.assign(setting, { value: value ?? setting.default, source: value === null ? 'default' : 'user' });
    },
    listBackups: async () => [{ name: 'bc-agent-2026-11-20.db', created_at: new Date(Date.now() - DAY).toISOString(), size: 4_812_800, verified: true }],
    createBackup: async () => ({ name: 'bc-agent-new.db', created_at: new Date().toISOString(), size: 4_812_800, verified: true }),
    restoreBackup: async () => undefined,
    listErrors: async () => [{ at: new Date(Date.now() - 3_600_000).toISOString(), code: 'business_central_unavailable', message: 'Business Central did not answer within 60 seconds.', detail: 'GET customers: timed out', session_id: null, run_id: null, correlation_id: '5f1c2a90-77aa-4c1e-9c40-1d2f3a4b5c6d' }],
    doctor: async () => [
      { name: 'Home', state: 'ok', message: 'Readable and writable, only by you.', remedy: null },
      { name: 'Connection', state: 'ok', message: 'Nordby AS answers.', remedy: null },
      { name: 'Model', state: 'warning', message: 'The demo model answers.', remedy: 'Set a key to talk to a real one.' },
    ],
    pageDrawn: async () => undefined,
    dialogDrawn: async () => undefined,
    openLink: async () => undefined,
    on: async (name, listener) => {
      (listeners[name] as Set<typeof listener>).add(listener);
      return () => void (listeners[name] as Set<typeof listener>).delete(listener);
    },
  };
}
