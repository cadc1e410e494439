/** The engine behind Tauri. The only file that imports `@tauri-apps/*`. */
import { Channel, invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';

import { readJson } from '../format/exactJson';
import type { AgentEvent } from '../protocol';
import type { Backend, RunListener } from './backend';

function ask<T>(command: string, params?: object): Promise<T> {
  return invoke<T>(command, params === undefined ? undefined : { params });
}

/** A command that answers with JSON as text: what Tauri reads itself goes through floats, and this carries amounts. */
async function askExactly<T>(command: string, params: object): Promise<T> {
  return readJson(await ask<string>(command, params)) as T;
}

/** A command whose run's events come over a channel, several in one array, as JSON text. */
function askWithEvents<T>(command: string, params: object, listener: RunListener): Promise<T> {
  const channel = new Channel<string>();
  channel.onmessage = (text) => listener(readJson(text) as AgentEvent[]);
  return invoke<T>(command, { params, channel });
}

export const tauriBackend: Backend = {
  appInfo: () => ask('app_info'),
  listSessions: () => ask('list_sessions'),
  getSession: (params) => askExactly('get_session', params),
  renameSession: (params) => ask('rename_session', params),
  deleteSession: (params) => ask('delete_session', params),
  exportSession: (params) => ask('export_session', params),
  search: (params) => ask('search', params),
  sendMessage: (params, listener) => askWithEvents('send_message', params, listener),
  attachFile: (params) => ask('attach_file', params),
  shownChanges: (params) => ask('shown_changes', params),
  readAgain: (params) => askExactly('read_again', params),
  watchRun: (params, listener) => askWithEvents('watch_run', params, listener),
  cancelRun: (params) => ask('cancel_run', params),
  listApprovals: () => ask('list_approvals'),
  answerApproval: (params) => ask('answer_approval', params),
  reviseApproval: (params) => ask('revise_approval', params),
  lookupRecords: (params) => ask('lookup_records', params),
  undoChange: (params, listener) => askWithEvents('undo_change', params, listener),
  undoRun: (params, listener) => askWithEvents('undo_run', params, listener),
  exportEvidence: (params) => ask('export_evidence', params),
  listChanges: (params) => ask('list_changes', params),
  listAccounts: () => ask('list_accounts'),
  signIn: (params) => ask('sign_in', params),
  connectAccount: (params) => ask('connect_account', params),
  cancelSignIn: () => ask('cancel_sign_in'),
  signOut: (params) => ask('sign_out', params),
  removeAccount: (params) => ask('remove_account', params),
  listEnvironments: (params) => ask('list_environments', params),
  connectCompany: (params) => ask('connect_company', params),
  listConnections: () => ask('list_connections'),
  addConnection: (params) => ask('add_connection', params),
  listCompanies: (params) => ask('list_companies', params),
  useConnection: (params) => ask('use_connection', params),
  removeConnection: (params) => ask('remove_connection', params),
  switchHome: (params) => ask('switch_home', params),
  listModels: () => ask('list_models'),
  setModelKey: (params) => ask('set_model_key', params),
  listSettings: () => ask('list_settings'),
  setSetting: (params) => ask('set_setting', params),
  listBackups: () => ask('list_backups'),
  createBackup: () => ask('create_backup'),
  restoreBackup: (params) => ask('restore_backup', params),
  listErrors: (params) => ask('list_errors', params),
  doctor: () => ask('doctor'),
  pageDrawn: (params) => ask('page_drawn', params),
  dialogDrawn: (params) => ask('dialog_drawn', params),
  listPermissions: (params) => ask('list_permissions', params),
  setPermissions: (params) => ask('set_permissions', params),
  listAgreements: () => ask('list_agreements'),
  agree: (params) => ask('agree', params),
  withdraw: (params) => ask('withdraw', params),
  listAudit: (params) => ask('list_audit', params),
  verifyAudit: (params) => ask('verify_audit', params),
  auditCheckpoint: () => ask('audit_checkpoint'),
  exportAudit: (params) => ask('export_audit', params),
  exportData: (params) => ask('export_data', params),
  deleteData: (params) => ask('delete_data', params),
  openLink: (params) => ask('open_link', params),
  on: (name, listener) => listen(name, (event) => listener(event.payload as never)),
};
