/** Permissions in words, and the lists that a change of them makes. What may be set is checked by the engine. */
import { captionOf } from '../format/toolResult';
import type { AccessRole, PermissionRule, Permissions, RuleVerdict, WriteOperation } from '../protocol';

export const ROLES: Record<AccessRole, { name: string; means: string }> = {
  viewer: { name: 'Viewer', means: 'reads.' },
  editor: { name: 'Editor', means: 'reads, and writes with approval; deletes and posts nothing.' },
  admin: { name: 'Admin', means: 'everything, each write with approval.' },
};

export const EXCEPTIONS: Record<RuleVerdict, string> = { allow: 'Without asking', ask: 'Ask', deny: 'Deny' };

export const OPERATIONS: Record<WriteOperation, string> = { create: 'Create', update: 'Change', delete: 'Delete', action: 'Run an action of' };

/** `Change customers`, `Every write`, `Create anything (bc_create_entity)`. */
export function ruleText({ tool, entity, operation }: PermissionRule): string {
  const by = tool == null ? '' : ` (${tool})`;
  if (operation == null && entity == null) return `Every write${by}`;
  const what = entity == null ? 'anything' : captionOf(entity).toLowerCase();
  return operation == null ? `Any write to ${what}${by}` : `${OPERATIONS[operation]} ${what}${by}`;
}

export interface NewRule {
  entity: string;
  operation: WriteOperation | null;
  verdict: RuleVerdict;
  /** How long it holds; null for good. */
  hours: number | null;
}

export function newRule({ entity, operation, verdict, hours }: NewRule, now: number): PermissionRule {
  return { tool: null, entity: entity.trim() === '' ? null : entity.trim(), operation, verdict, expires_at: hours === null ? null : new Date(now + hours * 3_600_000).toISOString() };
}

/** The list without one rule; another one that says the same stays. */
export function withoutRule(rules: readonly PermissionRule[], rule: PermissionRule): PermissionRule[] {
  const at = rules.indexOf(rule);
  return rules.filter((_, index) => index !== at);
}

export function allowances({ rules }: Permissions): PermissionRule[] {
  return rules.filter(({ verdict }) => verdict === 'allow');
}
