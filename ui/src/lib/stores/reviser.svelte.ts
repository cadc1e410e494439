/** The edits of the question in the dialog: which editor is open, and what is on its way to the engine. */
import { editsOf, linesOf, proposedOf, withEdit, withoutEdit, type Proposed } from '../approval/revision';
import type { ApprovalRequest, ChangeId, ChangePreview, FieldChange, FieldEdit, LookupHit } from '../protocol';
import { approvals } from './approvals.svelte';
import { engine } from './engine.svelte';

export interface Place {
  changeId: ChangeId;
  name: string;
}

export class Reviser {
  /** The field whose editor is open. An answer waits until it is closed. */
  editing = $state.raw<Place | null>(null);
  /** What the engine said against the last edit. */
  problem = $state<string | null>(null);
  readonly request: ApprovalRequest;
  readonly first: ApprovalRequest;

  constructor(request: () => ApprovalRequest) {
    this.request = $derived(request());
    this.first = $derived(approvals.firstOf(this.request));
  }

  /** Whether nothing stands between the person and an answer. */
  get quiet(): boolean {
    return this.editing === null && !approvals.revising;
  }

  get busy(): boolean {
    return approvals.revising;
  }

  mayEdit(field: FieldChange): boolean {
    return field.editor !== null;
  }

  isOpen(change: ChangePreview, field: FieldChange): boolean {
    return this.editing?.changeId === change.change_id && this.editing.name === field.name;
  }

  proposed(change: ChangePreview, field: FieldChange): Proposed | null {
    return proposedOf(field, change.change_id, this.first);
  }

  open(change: ChangePreview, field: FieldChange): void {
    if (this.busy || !this.mayEdit(field)) return;
    this.problem = null;
    this.editing = { changeId: change.change_id, name: field.name };
  }

  cancel(): void {
    this.editing = null;
    this.problem = null;
  }

  /** Sets a value. True when the question shows it now; the editor stays open where the engine refused it. */
  async set(change: ChangePreview, field: FieldChange, value: string | null): Promise<boolean> {
    if (value === field.after) {
      this.cancel();
      return true;
    }
    const proposed = this.proposed(change, field);
    const edits = editsOf(this.request, this.first);
    const back = proposed !== null && proposed.value === value;
    const next = back ? withoutEdit(edits, change.change_id, field.name) : withEdit(edits, { change_id: change.change_id, name: field.name, value });
    return this.#revise(next, this.#leftOut());
  }

  /** Puts the proposed value back. */
  async reset(change: ChangePreview, field: FieldChange): Promise<boolean> {
    return this.#revise(withoutEdit(editsOf(this.request, this.first), change.change_id, field.name), this.#leftOut());
  }

  /** Takes a write out of the set, or puts it back. */
  async leaveOut(changeId: ChangeId, out: boolean): Promise<boolean> {
    const others = this.#leftOut().filter((known) => known !== changeId);
    return this.#revise(editsOf(this.request, this.first), out ? [...others, changeId] : others);
  }

  lookup(entity: string, words: string): Promise<LookupHit[]> {
    return engine.backend.lookupRecords({ connection: this.request.connection.name, entity, words });
  }

  #leftOut(): ChangeId[] {
    return linesOf(this.request, this.first).flatMap(({ change, leftOut }) => (leftOut ? [change.change_id] : []));
  }

  async #revise(edits: FieldEdit[], leaveOut: ChangeId[]): Promise<boolean> {
    if (this.busy) return false;
    this.problem = await approvals.revise(this.request, edits, leaveOut);
    if (this.problem !== null) return false;
    this.editing = null;
    return true;
  }
}
