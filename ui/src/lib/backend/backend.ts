/**
 * Every question that the window may ask the engine (docs/protocol.md). Components and stores know only this interface; one file
 * answers it over Tauri, another in memory.
 */
import type {
  AgentEvent,
  AppInfo,
  ApprovalRequest,
  ApprovalView,
  BackupView,
  ChangeId,
  ChangeView,
  Connection,
  Decision,
  DoctorCheck,
  ErrorEntry,
  LookupHit,
  ModelInfo,
  ReviewDecision,
  Revision,
  RunId,
  SearchHit,
  SessionDetail,
  SessionId,
  SessionSummary,
  SettingView,
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

/** What came of a run that was started: its events come to the listener. */
export interface Undoing {
  reviseApproval(params: Revision): Promise<ApprovalRequest>;
  lookupRecords(params: { connection: string | null; entity: string; words: string }): Promise<LookupHit[]>;
  undoChange(params: { change_id: ChangeId }, listener: RunListener): Promise<StartedRun>;
  undoRun(params: { run_id: RunId }, listener: RunListener): Promise<StartedRun>;
  /** The whole pack as text. */
  exportEvidence(params: { change_id: ChangeId | null; session_id: SessionId | null; format: 'html' | 'json' }): Promise<string>;
}

export interface Backend extends Partial<Undoing> {
  appInfo(): Promise<AppInfo>;
  listSessions(): Promise<SessionSummary[]>;
  getSession(params: { session_id: SessionId }): Promise<SessionDetail>;
  renameSession(params: { session_id: SessionId; title: string }): Promise<void>;
  deleteSession(params: { session_id: SessionId }): Promise<void>;
  exportSession(params: { session_id: SessionId; format: 'json' | 'md' }): Promise<string>;
  search(params: { query: string; limit: number }): Promise<SearchHit[]>;
  sendMessage(params: { session_id: SessionId | null; text: string }, listener: RunListener): Promise<StartedRun>;
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
