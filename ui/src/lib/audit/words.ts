/** The audit log in words. */
import type { AuditAction, AuditClient, AuditOutcome } from '../protocol';

export const ACTIONS: Record<AuditAction, string> = {
  sign_in: 'Signed in',
  sign_out: 'Signed out',
  sign_in_failed: 'Sign-in failed',
  refresh_failed: 'Token not renewed',
  account_removed: 'Account removed',
  secret_changed: 'Secret stored or removed',
  connection_added: 'Connection added',
  connection_used: 'Connection chosen',
  connection_removed: 'Connection removed',
  permissions_changed: 'Permissions changed',
  setting_changed: 'Setting changed',
  agreement_given: 'Agreed to a model provider',
  agreement_withdrawn: 'Agreement taken back',
  approval_asked: 'Asked for approval',
  approval_edited: 'Question edited',
  approval_decided: 'Question answered',
  dry_run: 'Tried a set out',
  denied: 'Denied by the policy',
  write_sent: 'Write sent',
  write_settled: 'Write settled',
  write_not_sent: 'Write given up',
  undo_sent: 'Undo sent',
  undo_settled: 'Undo settled',
  exported: 'Exported',
  deleted: 'Deleted',
  restored: 'Backup restored',
  server_changed: 'Server changed',
  tool_changed: 'Tool changed',
  checkpoint: 'Checkpoint exported',
  pruned: 'Old entries removed',
  key_changed: 'Key of the log changed',
};

export const CLIENTS: Record<AuditClient, string> = {
  window: 'Window',
  terminal: 'Terminal',
  command_line: 'Command line',
  gateway: 'Gateway',
  automation: 'Rule of yours',
  engine: 'BC Agent',
};

export const OUTCOMES: Record<AuditOutcome, string> = { done: 'Done', refused: 'Refused', failed: 'Failed', unknown: 'Unknown', pending: 'Under way' };
