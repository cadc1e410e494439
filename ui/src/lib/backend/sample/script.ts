/** What the sample engine does with a message: a few scripted runs that go through every kind of event. */
import type { Block, ChangePreview, Decision, Todo } from '../../protocol';
import { triedOut } from './dryRun';
import { createCustomer, createOrder, hostileUpdate, OVERDUE, postInvoice, raiseLimits, updateCustomer } from './records';
import { newId, SampleApproval, type SampleRun } from './store';

export interface Options {
  /** 1 is the pace of a model; 0 does not wait at all. */
  pace: number;
  approvalMs: number;
  asked: (approval: SampleApproval) => void;
}

class Stopped extends Error {}

const ANSWER = `Twelve customers are overdue, **161 515,50 NOK** together. Three of them are over their limit:

| No. | Customer | Balance due | Days late |
| --- | --- | ---: | ---: |
| 10020 | Fjordlys AS | 48 210,00 | 31 |
| 10050 | Kystbygg Eiendom | 31 975,50 | 24 |
| 10110 | Bakkehagen Hotell | 27 640,00 | 19 |

1. **Fjordlys AS** pays late but always pays; its terms are 14 days.
2. **Kystbygg Eiendom** has two disputed lines on invoice \`103044\`.
3. **Bakkehagen Hotell** has not answered the last reminder.

The rest are small and less than two weeks late. How payment terms work is described in [Microsoft's documentation](https://learn.microsoft.com/en-us/dynamics365/business-central/finance-payment-terms).`;

export function play(run: SampleRun, text: string, options: Options): Promise<void> {
  return perform(run, options, async (actor) => {
    run.message('user', [{ type: 'text', text }]);
    await actor.act(text.toLowerCase(), text);
  });
}

/** Takes writes back, in a run of its own. */
export function playUndo(run: SampleRun, changes: ChangePreview[], options: Options): Promise<void> {
  return perform(run, options, (actor) => actor.undo(changes));
}

async function perform(run: SampleRun, options: Options, work: (actor: Actor) => Promise<void>): Promise<void> {
  const wait = (ms: number) =>
    new Promise<void>((resolve, reject) => {
      const stop = () => reject(new Stopped());
      if (run.aborted.signal.aborted) return stop();
      run.aborted.signal.addEventListener('abort', stop, { once: true });
      if (options.pace === 0) resolve();
      else setTimeout(resolve, ms * options.pace);
    });
  const actor = new Actor(run, wait, options);
  try {
    run.emit({ type: 'run_started', model: 'demo', connection: run.connection });
    await work(actor);
    run.emit({ type: 'run_completed', stop_reason: run.run?.error ? 'error' : 'end_turn' });
  } catch (thrown) {
    if (!(thrown instanceof Stopped)) throw thrown;
    run.keepPartial(actor.streamed);
    actor.drop();
    run.emit({ type: 'run_completed', stop_reason: 'cancelled' });
  }
}

class Actor {
  #turn = 0;
  /** What has streamed of the message that is being written. */
  streamed: Block[] = [];
  /** Writes that wait for the rest of their set. */
  #collected: ChangePreview[] = [];

  constructor(
    private readonly run: SampleRun,
    private readonly wait: (ms: number) => Promise<void>,
    private readonly options: Options,
  ) {}

  async act(text: string, asWritten: string): Promise<void> {
    if (text.startsWith('echo ')) return this.say(asWritten.slice('echo '.length));
    if (text.includes('fail')) return this.fail();
    if (text.includes('overdue')) return this.overdue();
    if (text.includes('set')) return this.gather('Set up Harbor Lights and its first order', [createCustomer, createOrder, updateCustomer]);
    if (text.includes('onboard') || text.includes('order')) return this.write([createCustomer, createOrder, postInvoice], 'high');
    if (text.includes('unknown')) return this.write([createOrder], 'high', 'unknown');
    if (text.includes('limits')) return this.propose(raiseLimits(Array.from({ length: 6 }, () => newId('call'))), 'high', 'confirmed');
    if (text.includes('hostile')) return this.write([hostileUpdate], 'high');
    if (text.includes('post')) return this.write([postInvoice], 'high');
    if (text.includes('change')) return this.write([updateCustomer], 'high');
    if (text.includes('create')) return this.write([createCustomer], 'medium');
    if (text.includes('long')) return this.say(Array.from({ length: 60 }, (_, at) => `Paragraph ${at + 1}. ${ANSWER.split('\n')[0]}`).join('\n\n'));
    return this.say('I am sample data in a browser: try “overdue”, “create”, “change”, “order”, “post”, “long” or “fail”.');
  }

  private nextTurn(): void {
    this.#turn += 1;
    this.run.emit({ type: 'turn_started', turn: this.#turn });
  }

  private async stream(kind: 'thinking_delta' | 'text_delta', text: string): Promise<void> {
    for (const piece of text.match(/\S+\s*|\s+/g) ?? []) {
      const type = kind === 'text_delta' ? 'text' : 'thinking';
      const last = this.streamed.at(-1);
      if (last?.type === type) last.text += piece;
      else this.streamed.push({ type, text: piece });
      this.run.emit({ type: kind, text: piece });
      await this.wait(18);
    }
  }

  private async turn(thinking: string | null, text: string | null, calls: Block[] = []): Promise<void> {
    this.nextTurn();
    await this.wait(300);
    const content: Block[] = [];
    if (thinking !== null) {
      await this.stream('thinking_delta', thinking);
      content.push({ type: 'thinking', text: thinking });
    }
    if (text !== null) {
      await this.stream('text_delta', text);
      content.push({ type: 'text', text });
    }
    this.run.emit({ type: 'usage', input_tokens: 620, output_tokens: 140 + Math.round((text?.length ?? 0) / 4), cache_read_tokens: 3400, cache_write_tokens: 0 });
    this.streamed = [];
    this.run.message('assistant', [...content, ...calls]);
  }

  private async say(text: string): Promise<void> {
    await this.turn('The question can be answered from what is here.', text);
  }

  private async overdue(): Promise<void> {
    const steps = ['Find customers that are overdue', 'Check their terms and limits', 'Say which need attention'];
    this.todos(steps, 0);
    const call = newId('call');
    const input = { entity: 'customers', filter: 'balanceDue gt 0 and overdueAmount gt 0', orderby: 'balanceDue desc', top: 20 };
    await this.turn('Overdue means an amount past its due date. I look at the customers with an overdue amount, the largest first, and compare with their limits.', null, [{ type: 'tool_use', call_id: call, tool: 'bc_query_entities', input }]);
    this.run.emit({ type: 'tool_call_started', call_id: call, tool: 'bc_query_entities', effect: 'read', input });
    await this.wait(400);
    const output = { entity: 'customers', count: OVERDUE.length, rows: OVERDUE, shown: OVERDUE.length, truncated: false };
    this.run.emit({ type: 'tool_call_completed', call_id: call, status: 'ok', output, duration_ms: 84 });
    this.run.message('user', [{ type: 'tool_result', call_id: call, status: 'ok', output: JSON.stringify(output) }]);
    this.todos(steps, 1);
    await this.wait(300);
    this.todos(steps, 2);
    await this.turn(null, ANSWER);
    this.todos(steps, 3);
  }

  private todos(steps: readonly string[], done: number): void {
    const todos = steps.map((content, order): Todo => {
      const status = order < done ? 'completed' : order === done ? 'in_progress' : 'pending';
      return { id: `todo-${order}`, content, description: '', priority: 'medium', order, status, completed_at: status === 'completed' ? this.run.now() : null };
    });
    this.run.emit({ type: 'todos_updated', todos });
  }

  private write(plans: ((callId: string) => ChangePreview)[], priority: 'high' | 'medium', outcome: 'confirmed' | 'unknown' = 'confirmed'): Promise<void> {
    return this.propose(plans.map((plan) => plan(newId('call'))), priority, outcome);
  }

  /** Writes that take others back: no model is asked. */
  async undo(changes: ChangePreview[]): Promise<void> {
    for (const change of changes) this.run.emit({ type: 'tool_call_started', call_id: change.call_id, tool: toolOf(change), effect: change.effect, input: { undoes: change.undoes } });
    const calls = changes.map((change): Block => ({ type: 'tool_use', call_id: change.call_id, tool: toolOf(change), input: { undoes: change.undoes } }));
    this.run.message('assistant', calls);
    await this.settle(await this.ask(changes, 'high', 'Undo'), 'confirmed');
  }

  private async propose(changes: ChangePreview[], priority: 'high' | 'medium', outcome: 'confirmed' | 'unknown'): Promise<void> {
    const steps = ['Look up what is needed', 'Propose the change', 'Read it back'];
    this.todos(steps, 0);
    const calls = changes.map((change): Block => ({ type: 'tool_use', call_id: change.call_id, tool: toolOf(change), input: { entity: change.entity, data: change.body === null ? null : JSON.parse(change.body) } }));
    await this.turn('I check the terms first, then propose exactly this.', 'I have what I need. Please look at what I propose:', calls);
    this.todos(steps, 1);
    for (const [at, change] of changes.entries()) {
      const block = calls[at];
      if (block?.type === 'tool_use') this.run.emit({ type: 'tool_call_started', call_id: change.call_id, tool: block.tool, effect: change.effect, input: block.input });
    }
    const approval = await this.ask(changes, priority, null);
    const decision = await approval.answered;
    await this.settle(approval, outcome);
    this.todos(steps, decision === 'approved' ? 3 : 1);
    await this.sayHowItEnded(decision);
  }

  private sayHowItEnded(decision: Decision): Promise<void> {
    const said = decision === 'approved' ? 'Done, and read back from Business Central.' : 'Nothing was changed. Tell me what should be different, and I propose it again.';
    return this.turn(null, said);
  }

  /** Writes of several turns under one title: asked once, with the last of them. */
  private async gather(title: string, plans: ((callId: string) => ChangePreview)[]): Promise<void> {
    const changes = plans.map((plan) => plan(newId('call')));
    for (const [at, change] of changes.entries()) {
      const more = at < changes.length - 1;
      const tool = toolOf(change);
      const input = { entity: change.entity, data: change.body === null ? null : JSON.parse(change.body), change_set: { title, more } };
      await this.turn(null, at === 0 ? 'I put everything together first and ask you once.' : null, [{ type: 'tool_use', call_id: change.call_id, tool, input }]);
      this.run.emit({ type: 'tool_call_started', call_id: change.call_id, tool, effect: change.effect, input });
      if (!more) continue;
      this.#collected.push(change);
      const output = JSON.stringify({ status: 'collected', change_set: title, result: at + 1, writes_so_far: at + 1, message: 'Checked and collected.' });
      this.run.message('user', [{ type: 'tool_result', call_id: change.call_id, status: 'ok', output }]);
      await this.wait(1_500);
    }
    this.#collected = [];
    const approval = await this.ask(changes, 'high', title);
    await this.settle(approval, 'confirmed');
    await this.sayHowItEnded(await approval.answered);
  }

  /** What is still collected when the run stops was never asked and is never sent. */
  drop(): void {
    const results = this.#collected.map((change): Block => {
      const output = { status: 'aborted', message: 'The person stopped the run before this change set was put to them. It was not sent; nothing was changed by it.' };
      this.run.emit({ type: 'tool_call_completed', call_id: change.call_id, status: 'aborted', output, duration_ms: 0 });
      return { type: 'tool_result', call_id: change.call_id, status: 'aborted', output: JSON.stringify(output) };
    });
    if (results.length > 0) this.run.message('user', results);
  }

  private async ask(changes: ChangePreview[], priority: 'high' | 'medium', title: string | null): Promise<SampleApproval> {
    const { run } = this;
    const at = Date.now();
    const approval = new SampleApproval(
      {
        approval_id: newId('approval'),
        change_set_id: newId('set'),
        session_id: run.detail.session.session_id,
        run_id: run.runId,
        digest: changes[0]?.digest ?? '',
        priority,
        requested_at: new Date(at).toISOString(),
        expires_at: new Date(at + this.options.approvalMs).toISOString(),
        connection: run.connection,
        changes,
        left_out: [],
        title,
        revision: 0,
        typed: changes.length > 5 ? String(changes.length) : null,
        dry_run: triedOut(changes),
      },
      run,
    );
    this.options.asked(approval);
    run.emit({ type: 'approval_requested', ...approval.request });
    await approval.answered;
    return approval;
  }

  /** As it was approved, which may be otherwise than it was proposed. */
  private async settle(approval: SampleApproval, settled: 'confirmed' | 'unknown'): Promise<void> {
    const { changes, left_out } = approval.request;
    const decision: Decision = await approval.answered;
    for (const change of left_out) {
      const output = { status: 'rejected', message: 'A person took this write out of the set.' };
      this.run.emit({ type: 'tool_call_completed', call_id: change.call_id, status: 'rejected', output, duration_ms: 0 });
    }
    for (const change of changes) {
      const outcome =
        decision === 'approved'
          ? settled === 'unknown'
            ? { status: 'unknown' as const, output: { status: 'unknown', message: 'Business Central did not answer within 120 seconds. BC Agent looks for the order for ten minutes; do not send it again.' } }
            : { status: 'ok' as const, output: resultOf(change) }
          : { status: decision, output: { status: decision, message: 'Nothing was changed.' } };
      if (decision === 'approved') {
        await this.wait(200);
        this.run.emit({ type: 'change_recorded', change_id: change.change_id, call_id: change.call_id, outcome: settled, undoable: settled === 'confirmed' && change.undo.kind === 'yes' });
      }
      this.run.emit({ type: 'tool_call_completed', call_id: change.call_id, ...outcome, duration_ms: 132 });
      this.run.message('user', [{ type: 'tool_result', call_id: change.call_id, status: outcome.status, output: JSON.stringify(outcome.output) }]);
    }
  }

  private async fail(): Promise<void> {
    const call = newId('call');
    const input = { entity: 'customers' };
    await this.turn(null, 'I look at the customers.', [{ type: 'tool_use', call_id: call, tool: 'bc_query_entities', input }]);
    this.run.emit({ type: 'tool_call_started', call_id: call, tool: 'bc_query_entities', effect: 'read', input });
    await this.wait(300);
    const output = { error: { code: 'business_central_unavailable', message: 'Business Central did not answer within 60 seconds.', suggestion: 'Check the connection and try again.' } };
    this.run.emit({ type: 'tool_call_completed', call_id: call, status: 'error', output, duration_ms: 60_000 });
    this.run.emit({ type: 'error', code: 'model_unavailable', message: 'The model could not be reached after 3 attempts. Your history is untouched; try again in a moment.', retryable: true });
  }
}

/** One field that Business Central keeps otherwise than it was sent, to be seen. */
function resultOf(change: ChangePreview): object {
  const differences = change.operation === 'update' ? [{ property: 'creditLimit', sent: 75000, found: 70000 }] : [];
  return { status: 'confirmed', entity: change.entity, id: change.key, record: {}, differences };
}

function toolOf(change: ChangePreview): string {
  switch (change.operation) {
    case 'create':
      return 'bc_create_entity';
    case 'update':
      return 'bc_update_entity';
    case 'delete':
      return 'bc_delete_entity';
    case 'action':
      return 'bc_invoke_action';
  }
}
