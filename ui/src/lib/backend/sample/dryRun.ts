/** Trying out as the sample engine does it. */
import type { ChangePreview, DryRun, FieldChange, TriedOutcome } from '../../protocol';

const fill = (name: string, caption: string, after: string): FieldChange => ({ name, caption, kind: 'code', before: null, after, before_label: null, after_label: null, editor: null, proposed: null });

/** What Business Central would fill in for a write of this kind. */
function outcomeOf(change: ChangePreview): TriedOutcome {
  const fills = change.operation === 'create' ? [fill('number', 'No.', change.entity === 'customers' ? 'C00010' : 'S-ORD101007'), fill('currencyCode', 'Currency', 'EUR')] : [];
  return { kind: 'would_work', fills };
}

export function triedOut(changes: readonly ChangePreview[]): DryRun {
  if (changes.some(({ operation }) => operation === 'action')) return { kind: 'not_tried', why: 'Actions, such as posting, are never tried out.' };
  return { kind: 'tried', writes: changes.map((change) => ({ change_id: change.change_id, outcome: outcomeOf(change) })) };
}
