/**
 * Every question that the window may ask the engine (docs/protocol.md). Components and stores know only this interface; one file
 * answers it over Tauri, another in memory.
 */
import type {
  AccountId,
  AccountView,
  AgentEvent,
  AgreementView,
  AppInfo,
  ApprovalId,
  ApprovalRequest,
  ApprovalView,
  AttachedFile,
  AttachmentId,
  AuditCheckpoint,
  AuditCursor,
  AuditFilter,
  AuditFormat,
  AuditPage,
  AuditVerdict,
  BackupView,
  ChangeId,
  ChangeView,
  Connection,
  DataReport,
  Decision,
  DeletionScope,
  DoctorCheck,
  EnvironmentView,
  ErrorEntry,
  LookupHit,
  ModelInfo,
  Permissions,
  PermissionsView,
  ReviewDecision,
  Revision,
  RunId,
  SearchHit,
  SessionDetail,
  SessionId,
  SessionSummary,
  SettingView,
  ShownChange,
  StartedRun,
  UserError,
} from '../protocol';

/** Takes the events of one run, one array per frame. */
export type RunListener = (events: AgentEvent[]) => void;

export interface Company {
  id: string;
  name: string;
}

export interface NewConnection {
  name: string;
  base_url: string;
  company: string;
  /** Stays in the engine's memory until the app ends. */
  token: string;
}

/** Rare news that is not about one run. */
export interface Broadcasts {
  approvals_changed: null;
  sessions_changed: null;
  navigate: { session_id: SessionId };
}

/** Who signed in, and what they can reach. */
export interface AccountQuestions {
  listAccounts(): Promise<AccountView[]>;
  /** Ends when the person is back from the browser. With a connection, only its own account will do. */
  signIn(params: { connection: string | null }): Promise<AccountView>;
  connectAccount(params: { account_id: AccountId }): Promise<AccountView>;
  cancelSignIn(): Promise<boolean>;
  signOut(params: { account_id: AccountId }): Promise<void>;
  removeAccount(params: { account_id: AccountId }): Promise<void>;
  listEnvironments(params: { account_id: AccountId }): Promise<EnvironmentView[]>;
  connectCompany(params: { name: string; account_id: AccountId; base_url: string; company: string }): Promise<Connection>;
}

/** What was decided beforehand. */
export interface RuleQuestions {
  listPermissions(params: { connection: string | null }): Promise<PermissionsView>;
  setPermissions(params: { connection: string | null; permissions: Permissions }): Promise<PermissionsView>;
  listAgreements(): Promise<AgreementView[]>;
  agree(params: { provider: string | null }): Promise<AgreementView[]>;
  withdraw(params: { provider: string | null }): Promise<AgreementView[]>;
}

/** What was done, and a person's data. */
export interface AuditQuestions {
  listAudit(params: { filter: AuditFilter; cursor: AuditCursor | null; limit: number }): Promise<AuditPage>;
  verifyAudit(params: { checkpoint: AuditCheckpoint | null }): Promise<AuditVerdict>;
  auditCheckpoint(): Promise<AuditCheckpoint>;
  /** The path of the new file. */
  exportAudit(params: { filter: AuditFilter; format: AuditFormat }): Promise<string>;
  exportData(params: { account: string | null }): Promise<DataReport>;
  deleteData(params: { scope: DeletionScope }): Promise<DataReport>;
}

/** A result on screen: `ShownResult` with its input as it is. */
export interface Shown {
  key: string;
  input: unknown;
  as_of: string;
}

export interface Backend extends AccountQuestions, RuleQuestions, AuditQuestions {
  reviseApproval(params: Revision): Promise<ApprovalRequest>;
  lookupRecords(params: { connection: string; entity: string; words: string }): Promise<LookupHit[]>;
  undoChange(params: { change_id: ChangeId }, listener: RunListener): Promise<StartedRun>;
  undoRun(params: { run_id: RunId }, listener: RunListener): Promise<StartedRun>;
  /** The whole pack as text. */
  exportEvidence(params: { change_id: ChangeId | null; session_id: SessionId | null; format: 'html' | 'json' }): Promise<string>;
  appInfo(): Promise<AppInfo>;
  listSessions(): Promise<SessionSummary[]>;
  getSession(params: { session_id: SessionId }): Promise<SessionDetail>;
  renameSession(params: { session_id: SessionId; title: string }): Promise<void>;
  deleteSession(params: { session_id: SessionId }): Promise<void>;
  exportSession(params: { session_id: SessionId; format: 'json' | 'md' }): Promise<string>;
  search(params: { query: string; limit: number }): Promise<SearchHit[]>;
  /** Keeps a copy of a file; `content` is base64. */
  attachFile(params: { name: string; content: string }): Promise<AttachedFile>;
  /** How many records of each result were created or changed since it was read. */
  shownChanges(params: { connection: string | null; shown: readonly Shown[] }): Promise<ShownChange[]>;
  /** The same question, read again now. */
  readAgain(params: { connection: string | null; input: unknown }): Promise<unknown>;
  sendMessage(params: { session_id: SessionId | null; text: string; files: readonly AttachmentId[] }, listener: RunListener): Promise<StartedRun>;
  watchRun(params: { run_id: RunId; after_seq: number }, listener: RunListener): Promise<boolean>;
  cancelRun(params: { run_id: RunId }): Promise<void>;
  listApprovals(): Promise<ApprovalView[]>;
  answerApproval(params: ReviewDecision): Promise<Decision>;
  listChanges(params: { session_id: SessionId | null }): Promise<ChangeView[]>;
  listConnections(): Promise<Connection[]>;
  addConnection(params: NewConnection): Promise<Connection>;
  listCompanies(params: { base_url: string; token: string }): Promise<Company[]>;
  useConnection(params: { name: string }): Promise<void>;
  removeConnection(params: { name: string }): Promise<void>;
  switchHome(params: { demo: boolean }): Promise<AppInfo>;
  listModels(): Promise<ModelInfo[]>;
  setModelKey(params: { provider: string; base_url: string | null; key: string }): Promise<void>;
  listSettings(): Promise<SettingView[]>;
  setSetting(params: { key: string; value: string | null }): Promise<SettingView>;
  listBackups(): Promise<BackupView[]>;
  createBackup(): Promise<BackupView>;
  restoreBackup(params: { name: string }): Promise<void>;
  listErrors(params: { limit: number }): Promise<ErrorEntry[]>;
  doctor(): Promise<DoctorCheck[]>;
  /** When the second frame was drawn, in milliseconds since 1970. */
  pageDrawn(params: { at_ms: number }): Promise<void>;
  /** When the second frame with a question in it was drawn, and when the engine put the question: milliseconds since 1970. */
  dialogDrawn(params: { approval_id: ApprovalId; asked_ms: number; at_ms: number }): Promise<void>;
  openLink(params: { url: string }): Promise<void>;
  /** Calls `listener` on each broadcast; the answer ends that. */
  on<K extends keyof Broadcasts>(name: K, listener: (payload: Broadcasts[K]) => void): Promise<() => void>;
}

/** What a failed command gives, whatever was thrown. */
export function asUserError(thrown: unknown): UserError {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown) {
    return thrown as UserError;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message: message || 'The engine did not answer.', retryable: false };
}
