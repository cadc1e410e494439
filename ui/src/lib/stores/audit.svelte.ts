/** The entries of the audit log that were asked for, page by page, and what a verification found. */
import { asUserError } from '../backend/backend';
import type { AuditCursor, AuditEntry, AuditFilter, AuditFormat, AuditVerdict } from '../protocol';
import { saveText } from '../copy';
import { engine } from './engine.svelte';
import { toasts } from './toasts.svelte';

const PAGE = 200;

export class AuditLog {
  filter = $state.raw<AuditFilter>({});
  entries = $state.raw<readonly AuditEntry[]>([]);
  loading = $state(false);
  failure = $state<string | null>(null);
  verdict = $state.raw<AuditVerdict | null>(null);
  verifying = $state(false);
  exporting = $state(false);
  #next: AuditCursor | null = null;
  #more = $state(false);
  /** A later question makes the answer to an earlier one void. */
  #asked = 0;

  /** Whether there are entries beyond those that were read. */
  get more(): boolean {
    return this.#more;
  }

  async show(filter: AuditFilter): Promise<void> {
    this.filter = filter;
    this.entries = [];
    this.#next = null;
    await this.#read(++this.#asked);
  }

  async readOn(): Promise<void> {
    if (!this.#more || this.loading) return;
    await this.#read(this.#asked);
  }

  async #read(asked: number): Promise<void> {
    this.loading = true;
    try {
      const page = await engine.backend.listAudit({ filter: this.filter, cursor: this.#next, limit: PAGE });
      if (asked !== this.#asked) return;
      this.entries = [...this.entries, ...page.entries];
      this.#next = page.next;
      this.#more = page.next !== null;
      this.failure = null;
    } catch (thrown) {
      if (asked === this.#asked) this.failure = asUserError(thrown).message;
    } finally {
      if (asked === this.#asked) this.loading = false;
    }
  }

  async verify(): Promise<void> {
    this.verifying = true;
    await engine.attempt(async () => void (this.verdict = await engine.backend.verifyAudit({ checkpoint: null })));
    this.verifying = false;
  }

  async saveCheckpoint(): Promise<void> {
    await engine.attempt(async () => {
      const checkpoint = await engine.backend.auditCheckpoint();
      saveText(JSON.stringify(checkpoint, null, 2), `bc-agent-audit-checkpoint-${checkpoint.count}.json`, 'application/json');
    });
  }

  async export(format: AuditFormat): Promise<void> {
    this.exporting = true;
    await engine.attempt(async () => toasts.info(`Saved as ${await engine.backend.exportAudit({ filter: this.filter, format })}`));
    this.exporting = false;
  }
}
