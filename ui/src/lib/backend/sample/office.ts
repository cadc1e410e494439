/** Accounts, permissions, agreements and the audit log of the sample engine. */
import type { AccountView, AgreementView, AuditAction, AuditEntry, AuditFilter, AuditPage, Connection, EnvironmentView, Permissions, PermissionsView } from '../../protocol';
import type { AccountQuestions, AuditQuestions, RuleQuestions } from '../backend';

export const INGRID: AccountView = {
  account_id: 'tenant.ingrid',
  tenant_id: 'tenant',
  object_id: 'ingrid',
  name: 'Ingrid Solheim',
  first_name: 'Ingrid',
  last_name: 'Solheim',
  mail: 'ingrid@nordby.example',
  job_title: 'Leiterin Finanzbuchhaltung und Debitorenverwaltung',
  department: 'Økonomi',
  last_sign_in: '2026-11-20T07:42:00Z',
  signed_in: true,
  attention: null,
};

const ENVIRONMENTS: EnvironmentView[] = [
  { name: 'Production', kind: 'production', base_url: 'https://api.example/production', companies: [{ id: 'c1', name: 'Nordby AS' }, { id: 'c2', name: 'Nordby Eiendom AS' }], fault: null },
  { name: 'Sandbox', kind: 'sandbox', base_url: 'https://api.example/sandbox', companies: [{ id: 'c3', name: 'Nordby AS' }], fault: null },
  { name: 'Archive', kind: 'production', base_url: 'https://api.example/archive', companies: [], fault: 'Business Central did not answer within 30 seconds.' },
];

const ACTIONS: AuditAction[] = ['sign_in', 'approval_asked', 'approval_decided', 'write_sent', 'write_settled', 'setting_changed', 'denied', 'exported'];

/** As many entries as wanted, the newest first, without keeping them. */
function entryOf(seq: number): AuditEntry {
  const action = ACTIONS[seq % ACTIONS.length] ?? 'sign_in';
  const aboutWrite = action.startsWith('write');
  return {
    seq,
    at: new Date(Date.UTC(2026, 10, 21, 8) - (5_000 - seq) * 60_000).toISOString(),
    account: seq % 7 === 0 ? null : 'ingrid@nordby.example',
    client: seq % 5 === 0 ? 'terminal' : 'window',
    version: '0.1.0',
    connection: 'Nordby',
    session_id: null,
    run_id: null,
    correlation_id: aboutWrite ? '5f1c2a90-77aa-4c1e-9c40-1d2f3a4b5c6d' : null,
    action,
    resource: aboutWrite ? 'customers' : action === 'setting_changed' ? 'setting' : 'approval',
    resource_id: aboutWrite ? 'c0000000-0000-4000-8000-000000000000' : null,
    outcome: action === 'denied' ? 'refused' : action === 'write_sent' ? 'pending' : 'done',
    details: aboutWrite ? { title: 'Change customer 10020 Fjordlys AS', creditLimit: { before: '50000.00', after: '75000.00' } } : null,
    details_deleted: false,
    details_lost: false,
    seal: seq.toString(16).padStart(64, '0'),
  };
}

const COUNT = 5_000;

function pageOf(filter: AuditFilter, from: number, limit: number): AuditPage {
  const entries: AuditEntry[] = [];
  let seq = from;
  for (; seq > 0 && entries.length < limit; seq -= 1) {
    const entry = entryOf(seq);
    const fits = (wanted: string | null | undefined, value: string | null) => wanted == null || wanted === value;
    if (fits(filter.action, entry.action) && fits(filter.client, entry.client) && fits(filter.outcome, entry.outcome) && fits(filter.resource, entry.resource) && fits(filter.account, entry.account)) entries.push(entry);
  }
  return { entries, next: seq > 0 ? { at: 0, seq } : null };
}

type Office = AccountQuestions & RuleQuestions & AuditQuestions;

/** `connection` gives what is in use, `connected` is told of another one. */
export function office(connection: () => Connection | null, connected: (connection: Connection) => void, pace: number): Office {
  let accounts: AccountView[] = connection()?.kind === 'demo' || connection() === null ? [] : [INGRID];
  let stop: (() => void) | null = null;
  let permissions: Permissions = {
    role: 'admin',
    rules: [
      { entity: 'generalLedgerEntries', verdict: 'deny' },
      { entity: 'customers', operation: 'update', verdict: 'allow', expires_at: new Date(Date.now() + 5 * 3_600_000).toISOString() },
    ],
    limits: { writes_per_day: 200, writes_per_hour: null, concurrent_runs: 3, tool_calls_per_run: null, typed_above: '100000.00' },
    never_written_fields: ['socialSecurityNumber'],
    lifted_fields: ['taxRegistrationNumber'],
  };
  let agreements: AgreementView[] = [{ provider: 'anthropic https://api.anthropic.com', version: 1, text: 'What a conversation needs, records of your company among it, is sent to anthropic at https://api.anthropic.com.', agreed: false, how: null, agreed_at: null, withdrawn_at: null }];
  const shown = (): PermissionsView => ({
    connection: connection()?.name ?? 'Demo',
    permissions,
    protected_fields: ['bankAccountNumber', 'iban', 'swiftCode', ...permissions.never_written_fields],
    allowed_now: permissions.rules.filter(({ verdict }) => verdict === 'allow'),
    policy_file: '/etc/bc-agent/policy.json',
    policy: connection()?.kind === 'production' ? { state: 'in_force', says: ['Nobody may delete or post.'] } : { state: 'absent' },
    effective_role: connection()?.kind === 'production' ? 'editor' : permissions.role,
    writes_last_hour: 4,
    writes_last_day: 17,
    dry_run: permissions.dry_run ?? (connection()?.kind === 'demo' ? 'on' : 'off'),
    dry_run_leaks: 'Before you are asked, the changes are sent once in a transaction that is made to fail, so that Business Central’s rules run and nothing stays. What may stay all the same: numbers that a number series gave out, what an extension’s code commits by itself, and mails or calls that an extension sends. Actions, such as posting, are never tried out.',
  });
  const agreed = (holds: boolean) => (agreements = agreements.map((agreement) => ({ ...agreement, agreed: holds, how: holds ? 'person' : agreement.how, agreed_at: holds ? new Date().toISOString() : agreement.agreed_at, withdrawn_at: holds ? null : new Date().toISOString() })));

  return {
    listAccounts: async () => accounts,
    signIn: () =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          accounts = [INGRID];
          resolve(INGRID);
        }, pace === 0 ? 20 : 6_000);
        stop = () => {
          clearTimeout(timer);
          reject({ code: 'cancelled', message: 'The sign-in was stopped.', retryable: true });
        };
      }),
    connectAccount: async () => INGRID,
    cancelSignIn: async () => {
      stop?.();
      return stop !== null;
    },
    signOut: async () => void (accounts = accounts.map((account) => ({ ...account, signed_in: false }))),
    removeAccount: async ({ account_id }) => void (accounts = accounts.filter((account) => account.account_id !== account_id)),
    listEnvironments: async () => ENVIRONMENTS,
    connectCompany: async ({ name, base_url, company }) => {
      const environment = ENVIRONMENTS.find((known) => known.base_url === base_url) ?? ENVIRONMENTS[0];
      const made: Connection = { name, kind: environment?.kind ?? 'production', tenant: 'tenant', environment: environment?.name ?? '', company: environment?.companies.find(({ id }) => id === company)?.name ?? '', company_id: company, account: INGRID.mail ?? '' };
      connected(made);
      return made;
    },
    listPermissions: async () => shown(),
    setPermissions: async ({ permissions: wanted }) => {
      if (wanted.rules.some(({ verdict, operation }) => verdict === 'allow' && operation === 'delete')) throw { code: 'invalid_input', message: 'Deleting is always asked about. Nothing was changed.', retryable: false };
      permissions = structuredClone(wanted);
      return shown();
    },
    listAgreements: async () => agreements,
    agree: async () => agreed(true),
    withdraw: async () => agreed(false),
    listAudit: async ({ filter, cursor, limit }) => pageOf(filter, cursor?.seq ?? COUNT, limit),
    verifyAudit: async () => ({ intact: true, checked: COUNT, pruned: 120, unprotected: 0, unverifiable: 0, unverifiable_until: null, count: COUNT + 120, head: 'ab', against_checkpoint: false, findings: [] }),
    auditCheckpoint: async () => ({ kind: 'bc-agent audit checkpoint 1', count: COUNT, head: 'ab', at: new Date().toISOString(), signature: 'cd' }),
    exportAudit: async ({ format }) => `~/Downloads/bc-agent-audit.${format === 'csv' ? 'csv' : 'jsonl'}`,
    exportData: async () => ({ lines: [{ what: 'conversations', count: 12, place: '~/Downloads/bc-agent-data/sessions', note: null }] }),
    deleteData: async () => ({ lines: [{ what: 'conversations', count: 12, place: 'bc-agent.db', note: 'Evidence of writes stays in Business Central.' }] }),
  };
}
