// Generated from crates/protocol by `cargo xtask bindings`. Do not edit.

export type SessionId = string;
export type RunId = string;
export type MessageId = string;
export type ApprovalId = string;
export type AttachmentId = string;
export type ChangeSetId = string;
export type ChangeId = string;
export type InstanceId = string;
export type CallId = string;
export type TodoId = string;
export type Digest = string;
export type RawJson = unknown;
export type Effect = "read" | "write" | "destructive";
export type ConnectionKind = "demo" | "sandbox" | "production" | "on_premises";
export type Connection = { 
/**
 * The name that the person gave it; unique in a home.
 */
name: string, 
/**
 * What stands at the other end.
 */
kind: ConnectionKind, 
/**
 * Entra tenant (GUID or domain); empty where there is none.
 */
tenant: string, 
/**
 * Environment name; empty on premises.
 */
environment: string, 
/**
 * The company's display name.
 */
company: string, 
/**
 * The company's id (GUID).
 */
company_id: string, 
/**
 * Who acts: the account's user name, `demo` or `token`.
 */
account: string, };
export type AccountId = string;
export type AccountView = { 
/**
 * Tenant id and object id.
 */
account_id: AccountId, 
/**
 * The tenant's id.
 */
tenant_id: string, 
/**
 * The person's object id in that tenant.
 */
object_id: string, 
/**
 * For people.
 */
name: string, 
/**
 * Given name.
 */
first_name: string | null, 
/**
 * Family name.
 */
last_name: string | null, 
/**
 * Mail, else the user principal name.
 */
mail: string | null, 
/**
 * Job title.
 */
job_title: string | null, 
/**
 * Department.
 */
department: string | null, 
/**
 * When they last signed in in the browser (UTC).
 */
last_sign_in: string, 
/**
 * Whether tokens can be had without the browser, as far as is known here.
 */
signed_in: boolean, 
/**
 * What the person has to do, as a sentence; absent where nothing.
 */
attention: string | null, };
export type CompanyView = { 
/**
 * GUID.
 */
id: string, 
/**
 * For people.
 */
name: string, };
export type EnvironmentView = { 
/**
 * Its name.
 */
name: string, 
/**
 * What it is; production wherever it is not known to be something else.
 */
kind: ConnectionKind, 
/**
 * API root, ends in `/api/v2.0`.
 */
base_url: string, 
/**
 * The companies that the account sees there.
 */
companies: Array<CompanyView>, 
/**
 * Why its companies could not be read, as a sentence; absent where they could.
 */
fault: string | null, };
export type Role = "user" | "assistant";
export type ToolCallStatus = "ok" | "error" | "rejected" | "expired" | "aborted" | "unknown";
export type Block = { "type": "text", 
/**
 * The text.
 */
text: string, } | { "type": "thinking", 
/**
 * The reasoning; empty where the provider keeps it to itself.
 */
text: string, } | { "type": "tool_use", 
/**
 * The call.
 */
call_id: CallId, 
/**
 * The tool's name.
 */
tool: string, 
/**
 * Its input as the model wrote it.
 */
input: RawJson, } | { "type": "tool_result", 
/**
 * The call.
 */
call_id: CallId, 
/**
 * How it ended.
 */
status: ToolCallStatus, 
/**
 * What the model was given (bounded; the whole result is kept with the tool call).
 */
output: string, };
export type ErrorCode = "invalid_input" | "not_found" | "conflict" | "model_not_configured" | "model_authentication" | "model_not_found" | "model_rate_limited" | "model_unavailable" | "model_request" | "model_protocol" | "not_connected" | "not_signed_in" | "forbidden" | "business_central_unavailable" | "business_central_refused" | "business_central_throttled" | "record_changed" | "not_approved" | "outcome_unknown" | "store" | "configuration" | "cancelled" | "internal";
export type UserError = { 
/**
 * For code.
 */
code: ErrorCode, 
/**
 * For people.
 */
message: string, 
/**
 * Whether trying the same again can help.
 */
retryable: boolean, };
export type TodoStatus = "pending" | "in_progress" | "completed";
export type TodoPriority = "low" | "medium" | "high";
export type Todo = { 
/**
 * Unique within the run.
 */
id: TodoId, 
/**
 * What is to be done, at most 500 characters.
 */
content: string, 
/**
 * More about it; may be empty.
 */
description: string, 
/**
 * How much it matters.
 */
priority: TodoPriority, 
/**
 * Place in the list, from 0.
 */
order: number, 
/**
 * How far it is.
 */
status: TodoStatus, 
/**
 * When it was completed (UTC).
 */
completed_at: string | null, };
export type Usage = { 
/**
 * Tokens read that no cache served.
 */
input_tokens: number, 
/**
 * Tokens written.
 */
output_tokens: number, 
/**
 * Tokens read from the provider's prompt cache.
 */
cache_read_tokens: number, 
/**
 * Tokens written to the provider's prompt cache.
 */
cache_write_tokens: number, };
export type WriteOperation = "create" | "update" | "delete" | "action";
export type FieldKind = "text" | "code" | "decimal" | "integer" | "date" | "date_time" | "boolean" | "enumeration" | "reference" | "json";
export type FieldEditor = { 
/**
 * The members of an enumeration, as Business Central spells them.
 */
options: Array<string>, 
/**
 * The entity set that a reference points into; its records are found by `lookup_records`.
 */
relation: string | null, 
/**
 * Longest text, in characters.
 */
max_length: number | null, };
export type FieldChange = { 
/**
 * The property, `paymentTermsId`; children as `salesOrderLines[0].quantity`.
 */
name: string, 
/**
 * The business caption, `Payment terms`.
 */
caption: string, 
/**
 * How to show it.
 */
kind: FieldKind, 
/**
 * The value now; absent on create.
 */
before: string | null, 
/**
 * The value to be set; absent on delete.
 */
after: string | null, 
/**
 * What the value now means, `30 DAYS · Net 30 days`.
 */
before_label: string | null, 
/**
 * What the value to be set means.
 */
after_label: string | null, 
/**
 * How a person may change the value before approving; absent where they may not.
 */
editor: FieldEditor | null, 
/**
 * The value as it was proposed, where a person changed it since.
 */
proposed: string | null, };
export type FieldConflict = { 
/**
 * The property.
 */
name: string, 
/**
 * The business caption.
 */
caption: string, 
/**
 * What the write left there.
 */
expected: string | null, 
/**
 * What stands there now, and what the undo would put aside.
 */
now: string | null, };
export type FieldEdit = { 
/**
 * The write.
 */
change_id: ChangeId, 
/**
 * The property as named in [`crate::FieldChange::name`].
 */
name: string, 
/**
 * The new value as text; `None` clears the field.
 */
value: string | null, };
export type Revision = { 
/**
 * The question.
 */
approval_id: ApprovalId, 
/**
 * The digest that was shown.
 */
digest: Digest, 
/**
 * Values that differ from the proposed ones; all of them, earlier edits included.
 */
edits: Array<FieldEdit>, 
/**
 * The writes that are taken out of the set; all of them.
 */
leave_out: Array<ChangeId>, };
export type NoteKind = "info" | "warning";
export type Note = { 
/**
 * How much it matters.
 */
kind: NoteKind, 
/**
 * The sentence.
 */
text: string, };
export type Undoable = { "kind": "yes", 
/**
 * What that is, as a sentence.
 */
how: string, } | { "kind": "no", 
/**
 * Why not, and what to do in its place.
 */
why: string, };
export type ChangePreview = { 
/**
 * The write's identity in the store.
 */
change_id: ChangeId, 
/**
 * The tool call that asks for it.
 */
call_id: CallId, 
/**
 * What it does.
 */
operation: WriteOperation, 
/**
 * The bound action's name, where the operation is one.
 */
action: string | null, 
/**
 * What it does to the books.
 */
effect: Effect, 
/**
 * The entity set, `customers`.
 */
entity: string, 
/**
 * The record's id; absent on create.
 */
key: string | null, 
/**
 * One line: `Change customer 10020 Fjordlys AS`.
 */
title: string, 
/**
 * The properties it sets.
 */
fields: Array<FieldChange>, 
/**
 * Computed warnings and remarks.
 */
notes: Array<Note>, 
/**
 * Whether it can be taken back.
 */
undo: Undoable, 
/**
 * The write that this one takes back.
 */
undoes: ChangeId | null, 
/**
 * Earlier writes of the same run that it takes back as well: to the same record, or to what belongs to it.
 */
undoes_also: Array<ChangeId>, 
/**
 * What others changed since the write that this one takes back.
 */
conflicts: Array<FieldConflict>, 
/**
 * HTTP method.
 */
method: string, 
/**
 * Path below the company.
 */
path: string, 
/**
 * The record's version that was seen (RFC 9110 section 13.1.1).
 */
if_match: string | null, 
/**
 * The exact body.
 */
body: string | null, 
/**
 * SHA-256 of the canonical request.
 */
digest: Digest, };
export type DryRunSwitch = "on" | "off";
export type TriedOutcome = { "kind": "would_work", 
/**
 * Values that it would fill in, or keep otherwise than they are sent.
 */
fills: Array<FieldChange>, } | { "kind": "would_fail", 
/**
 * Business Central's code; absent where it gave none.
 */
code: string | null, 
/**
 * Business Central's sentence.
 */
message: string, } | { "kind": "not_known", 
/**
 * Why, as a sentence.
 */
why: string, };
export type TriedWrite = { 
/**
 * The write.
 */
change_id: ChangeId, 
/**
 * What came of it.
 */
outcome: TriedOutcome, };
export type DryRun = { "kind": "tried", 
/**
 * What came of each write, in the set's order.
 */
writes: Array<TriedWrite>, } | { "kind": "not_known", 
/**
 * Why, as a sentence.
 */
why: string, } | { "kind": "not_tried", 
/**
 * Why, as a sentence.
 */
why: string, };
export type Priority = "low" | "medium" | "high";
export type ApprovalRequest = { 
/**
 * The question's id.
 */
approval_id: ApprovalId, 
/**
 * The writes' common id.
 */
change_set_id: ChangeSetId, 
/**
 * The conversation.
 */
session_id: SessionId, 
/**
 * The run that waits.
 */
run_id: RunId, 
/**
 * SHA-256 over the writes' digests in order; approving names it.
 */
digest: Digest, 
/**
 * Which asks come first.
 */
priority: Priority, 
/**
 * When it was asked (UTC).
 */
requested_at: string, 
/**
 * When silence becomes no (UTC).
 */
expires_at: string, 
/**
 * Where the writes would go.
 */
connection: Connection, 
/**
 * The writes, in order.
 */
changes: Array<ChangePreview>, 
/**
 * The writes that a person took out of the set; they will not be sent.
 */
left_out: Array<ChangePreview>, 
/**
 * What the set is for, where the model gathered it under a title: its words, shown as such. No digest covers them, because nothing is
 * decided or sent by them.
 */
title: string | null, 
/**
 * How many times a person edited the set before answering. Each edit gives a new digest.
 */
revision: number, 
/**
 * What must be typed to approve, where a click is too little: a large set, a large amount.
 */
typed: string | null, 
/**
 * What came of trying the set out as it stands; absent where that is off for the connection.
 */
dry_run: DryRun | null, };
export type Decision = "approved" | "rejected" | "expired" | "aborted";
export type Reviewer = "window" | "terminal" | "command_line" | "notification" | "automation" | "clock" | "engine";
export type ReviewVerdict = { "verdict": "approve" } | { "verdict": "reject", 
/**
 * Why, for the model and the history.
 */
reason: string | null, };
export type ReviewDecision = { 
/**
 * The question.
 */
approval_id: ApprovalId, 
/**
 * The digest that was shown.
 */
digest: Digest, 
/**
 * What the person typed, where [`ApprovalRequest::typed`] asks for it.
 */
typed: string | null, } & ({ "verdict": "approve" } | { "verdict": "reject", 
/**
 * Why, for the model and the history.
 */
reason: string | null, });
export type ApprovalState = "pending" | "approved" | "rejected" | "expired" | "aborted";
export type ApprovalView = { 
/**
 * What was asked.
 */
request: ApprovalRequest, 
/**
 * Where it stands.
 */
state: ApprovalState, 
/**
 * Who ended it.
 */
by: Reviewer | null, 
/**
 * The reason given with a rejection.
 */
reason: string | null, 
/**
 * When it ended (UTC).
 */
resolved_at: string | null, };
export type ChangeState = "planned" | "approved" | "sending" | "confirmed" | "failed" | "unknown" | "not_sent";
export type ChangeOutcome = "confirmed" | "failed" | "unknown";
export type ChangeView = { 
/**
 * As it was put to a person.
 */
preview: ChangePreview, 
/**
 * The set that it was decided in.
 */
change_set_id: ChangeSetId, 
/**
 * The conversation.
 */
session_id: SessionId, 
/**
 * The run.
 */
run_id: RunId, 
/**
 * Where it went.
 */
connection: Connection, 
/**
 * Where it stands.
 */
state: ChangeState, 
/**
 * The sentence that goes with a failure or an unknown outcome.
 */
message: string | null, 
/**
 * The write that took this one back.
 */
undone_by: ChangeId | null, 
/**
 * What Business Central calls the request in its own log, where it said so.
 */
correlation_id: string | null, 
/**
 * The record before, where one was read (JSON).
 */
before: RawJson | null, 
/**
 * The record after, as read back (JSON).
 */
after: RawJson | null, 
/**
 * When it was proposed (UTC).
 */
created_at: string, 
/**
 * When it was sent (UTC).
 */
sent_at: string | null, 
/**
 * When its outcome was known (UTC).
 */
settled_at: string | null, };
export type AttachedFile = { 
/**
 * What tools name it by.
 */
id: AttachmentId, 
/**
 * Its name, without what is no part of a name on some system.
 */
name: string, 
/**
 * Its size.
 */
bytes: number, 
/**
 * Its type by its ending, `application/pdf`.
 */
content_type: string, 
/**
 * Lower-case hexadecimal SHA-256 of what is in it.
 */
sha256: string, };
export type ShownResult = { 
/**
 * The window's own name for it.
 */
key: string, 
/**
 * The input of `bc_query_entities` that gave it.
 */
input: RawJson, 
/**
 * When it was read (UTC): `as_of` of the result.
 */
as_of: string, };
export type ShownChange = { 
/**
 * The window's own name for it.
 */
key: string, 
/**
 * Records among those of the result that were created or changed since; absent where the set does not tell. Deletions are not seen.
 */
changed: number | null, };
export type StopReason = "end_turn" | "max_turns" | "cancelled" | "error" | "refusal" | "max_tokens";
export type EventKind = { "type": "run_started", 
/**
 * The model's id.
 */
model: string, 
/**
 * Where reads and writes go; absent without a connection.
 */
connection: Connection | null, } | { "type": "turn_started", 
/**
 * 1, 2, 3 ... within the run.
 */
turn: number, } | { "type": "thinking_delta", 
/**
 * The piece.
 */
text: string, } | { "type": "text_delta", 
/**
 * The piece.
 */
text: string, } | { "type": "message_completed", 
/**
 * The message.
 */
message_id: MessageId, 
/**
 * Whose.
 */
role: Role, 
/**
 * What it says.
 */
content: Array<Block>, } | { "type": "tool_call_started", 
/**
 * The call.
 */
call_id: CallId, 
/**
 * The tool.
 */
tool: string, 
/**
 * What it does to the books, from our own table.
 */
effect: Effect, 
/**
 * Its input as the model wrote it.
 */
input: RawJson, } | { "type": "tool_call_completed", 
/**
 * The call.
 */
call_id: CallId, 
/**
 * How it ended.
 */
status: ToolCallStatus, 
/**
 * The whole result.
 */
output: RawJson, 
/**
 * How long it took, waiting for approval excepted.
 */
duration_ms: number, } | { "type": "approval_requested" } & ApprovalRequest | { "type": "approval_resolved", 
/**
 * The question.
 */
approval_id: ApprovalId, 
/**
 * How it ended.
 */
decision: Decision, 
/**
 * By whom.
 */
by: Reviewer, 
/**
 * Whether a value was edited before approval.
 */
edited: boolean, 
/**
 * The reason given with a rejection.
 */
reason: string | null, } | { "type": "change_recorded", 
/**
 * The write.
 */
change_id: ChangeId, 
/**
 * The tool call that asked for it.
 */
call_id: CallId, 
/**
 * What came of it.
 */
outcome: ChangeOutcome, 
/**
 * Whether an inverse write exists.
 */
undoable: boolean, } | { "type": "todos_updated", 
/**
 * All of them, in order.
 */
todos: Array<Todo>, } | { "type": "usage" } & Usage | { "type": "error", 
/**
 * For code.
 */
code: ErrorCode, 
/**
 * For people.
 */
message: string, 
/**
 * Whether trying again can help.
 */
retryable: boolean, } | { "type": "run_completed", 
/**
 * Why.
 */
stop_reason: StopReason, };
export type AgentEvent = { 
/**
 * 1, 2, 3 ... within the run.
 */
seq: number, 
/**
 * When (UTC, RFC 3339).
 */
at: string, 
/**
 * The run.
 */
run_id: RunId, 
/**
 * The conversation.
 */
session_id: SessionId, } & ({ "type": "run_started", 
/**
 * The model's id.
 */
model: string, 
/**
 * Where reads and writes go; absent without a connection.
 */
connection: Connection | null, } | { "type": "turn_started", 
/**
 * 1, 2, 3 ... within the run.
 */
turn: number, } | { "type": "thinking_delta", 
/**
 * The piece.
 */
text: string, } | { "type": "text_delta", 
/**
 * The piece.
 */
text: string, } | { "type": "message_completed", 
/**
 * The message.
 */
message_id: MessageId, 
/**
 * Whose.
 */
role: Role, 
/**
 * What it says.
 */
content: Array<Block>, } | { "type": "tool_call_started", 
/**
 * The call.
 */
call_id: CallId, 
/**
 * The tool.
 */
tool: string, 
/**
 * What it does to the books, from our own table.
 */
effect: Effect, 
/**
 * Its input as the model wrote it.
 */
input: RawJson, } | { "type": "tool_call_completed", 
/**
 * The call.
 */
call_id: CallId, 
/**
 * How it ended.
 */
status: ToolCallStatus, 
/**
 * The whole result.
 */
output: RawJson, 
/**
 * How long it took, waiting for approval excepted.
 */
duration_ms: number, } | { "type": "approval_requested" } & ApprovalRequest | { "type": "approval_resolved", 
/**
 * The question.
 */
approval_id: ApprovalId, 
/**
 * How it ended.
 */
decision: Decision, 
/**
 * By whom.
 */
by: Reviewer, 
/**
 * Whether a value was edited before approval.
 */
edited: boolean, 
/**
 * The reason given with a rejection.
 */
reason: string | null, } | { "type": "change_recorded", 
/**
 * The write.
 */
change_id: ChangeId, 
/**
 * The tool call that asked for it.
 */
call_id: CallId, 
/**
 * What came of it.
 */
outcome: ChangeOutcome, 
/**
 * Whether an inverse write exists.
 */
undoable: boolean, } | { "type": "todos_updated", 
/**
 * All of them, in order.
 */
todos: Array<Todo>, } | { "type": "usage" } & Usage | { "type": "error", 
/**
 * For code.
 */
code: ErrorCode, 
/**
 * For people.
 */
message: string, 
/**
 * Whether trying again can help.
 */
retryable: boolean, } | { "type": "run_completed", 
/**
 * Why.
 */
stop_reason: StopReason, });
export type SessionSummary = { 
/**
 * The conversation.
 */
session_id: SessionId, 
/**
 * Its title: the person's own, or the first words of the first message.
 */
title: string, 
/**
 * The name of the connection it is pinned to, once it has one.
 */
connection: string | null, 
/**
 * When it began (UTC).
 */
created_at: string, 
/**
 * When its newest message came (UTC).
 */
updated_at: string, 
/**
 * How many messages it has.
 */
message_count: number, 
/**
 * Whether a run is under way in any process.
 */
running: boolean, };
export type LookupHit = { 
/**
 * Its GUID.
 */
id: string, 
/**
 * What names it to a person: `30 DAYS · Net 30 days`.
 */
label: string, };
export type MessageView = { 
/**
 * The message.
 */
message_id: MessageId, 
/**
 * The run it belongs to.
 */
run_id: RunId, 
/**
 * Whose.
 */
role: Role, 
/**
 * What it says.
 */
content: Array<Block>, 
/**
 * When it was stored (UTC).
 */
created_at: string, 
/**
 * Whether it was cut off: what had streamed when its run was interrupted.
 */
partial: boolean, };
export type RunView = { 
/**
 * The run.
 */
run_id: RunId, 
/**
 * The model's id.
 */
model: string, 
/**
 * Where reads and writes went.
 */
connection: Connection | null, 
/**
 * When it began (UTC).
 */
started_at: string, 
/**
 * When it ended (UTC); absent while it goes on.
 */
completed_at: string | null, 
/**
 * Why it ended; absent while it goes on.
 */
stop_reason: StopReason | null, 
/**
 * Whether the process that ran it was killed.
 */
interrupted: boolean, 
/**
 * Model calls made.
 */
turns: number, 
/**
 * Tokens, summed.
 */
usage: Usage, 
/**
 * The plan as it stood last.
 */
todos: Array<Todo>, 
/**
 * The error that ended it, as a sentence.
 */
error: string | null, };
export type ToolCallView = { 
/**
 * The call.
 */
call_id: CallId, 
/**
 * The run.
 */
run_id: RunId, 
/**
 * The tool.
 */
tool: string, 
/**
 * What it does to the books.
 */
effect: Effect, 
/**
 * Its input as the model wrote it.
 */
input: RawJson, 
/**
 * How it ended; absent while it goes on.
 */
status: ToolCallStatus | null, 
/**
 * The whole result; absent while it goes on.
 */
output: RawJson | null, 
/**
 * How long it took, waiting for approval excepted.
 */
duration_ms: number | null, 
/**
 * When it began (UTC).
 */
started_at: string, };
export type SessionDetail = { 
/**
 * As in the list.
 */
session: SessionSummary, 
/**
 * Oldest first.
 */
messages: Array<MessageView>, 
/**
 * Oldest first.
 */
runs: Array<RunView>, 
/**
 * Oldest first.
 */
tool_calls: Array<ToolCallView>, 
/**
 * Oldest first.
 */
approvals: Array<ApprovalView>, 
/**
 * Oldest first.
 */
changes: Array<ChangeView>, };
export type SearchHit = { 
/**
 * The conversation.
 */
session_id: SessionId, 
/**
 * Its title.
 */
session_title: string, 
/**
 * The message, where the words are in one.
 */
message_id: MessageId | null, 
/**
 * The tool call, where the words are in its result.
 */
call_id: CallId | null, 
/**
 * The words with some of what stands around them; what was found is between `\u{2}` and `\u{3}`.
 */
snippet: string, 
/**
 * When it was stored (UTC).
 */
at: string, };
export type StartedRun = { 
/**
 * The conversation, new where none was named.
 */
session_id: SessionId, 
/**
 * The run.
 */
run_id: RunId, };
export type SettingView = { 
/**
 * `agent.max_turns`
 */
key: string, 
/**
 * The value in force.
 */
value: string, 
/**
 * The value without the person's or the environment's.
 */
default: string, 
/**
 * Where the value comes from: `default`, `environment`, `user`.
 */
source: string, 
/**
 * What it does.
 */
description: string, 
/**
 * The allowed values, where there is a list.
 */
options: Array<string>, };
export type ModelInfo = { 
/**
 * Passed through as it is.
 */
id: string, 
/**
 * For people.
 */
display_name: string, };
export type BackupView = { 
/**
 * File name within `backups/`.
 */
name: string, 
/**
 * When it was made (UTC).
 */
created_at: string, 
/**
 * Bytes.
 */
size: number, 
/**
 * Whether it opened and passed SQLite's integrity check when it was made.
 */
verified: boolean, };
export type CheckState = "ok" | "warning" | "problem";
export type DoctorCheck = { 
/**
 * What was looked at.
 */
name: string, 
/**
 * How it came out.
 */
state: CheckState, 
/**
 * What was found.
 */
message: string, 
/**
 * What to do about it.
 */
remedy: string | null, };
export type ErrorEntry = { 
/**
 * When (UTC).
 */
at: string, 
/**
 * For code.
 */
code: ErrorCode, 
/**
 * What the person was told.
 */
message: string, 
/**
 * The chain of causes, without secrets.
 */
detail: string, 
/**
 * The conversation.
 */
session_id: SessionId | null, 
/**
 * The run.
 */
run_id: RunId | null, 
/**
 * Business Central's own correlation id.
 */
correlation_id: string | null, };
export type ToolView = { 
/**
 * Its name.
 */
name: string, 
/**
 * What it is for.
 */
description: string, 
/**
 * What it usually does to the books; a single call may be graver.
 */
effect: Effect, 
/**
 * JSON Schema of its input.
 */
input_schema: RawJson, };
export type Notice = { 
/**
 * The sentence.
 */
text: string, 
/**
 * The conversation it is about.
 */
session_id: SessionId | null, };
export type AppInfo = { 
/**
 * The app's version.
 */
version: string, 
/**
 * Whether this home is the demo's.
 */
demo: boolean, 
/**
 * Where the files are.
 */
home: string, 
/**
 * The active connection.
 */
connection: Connection | null, 
/**
 * The account of the active connection; absent where it has none. Names may be shared and change, this does not.
 */
account_id: AccountId | null, 
/**
 * Whether Business Central has not answered yet: who asks again learns more.
 */
connection_pending: boolean, 
/**
 * The provider's name, `anthropic`.
 */
provider: string, 
/**
 * The model's id.
 */
model: string, 
/**
 * Whether the demo model answers in place of a real one.
 */
demo_model: boolean, 
/**
 * What keeps the app from sending a message, as a sentence; absent when it is ready.
 */
not_ready: string | null, 
/**
 * What a person should know now.
 */
notices: Array<Notice>, };
export type AuditClient = "window" | "terminal" | "command_line" | "gateway" | "automation" | "engine";
export type AuditAction = "sign_in" | "sign_out" | "sign_in_failed" | "refresh_failed" | "account_removed" | "secret_changed" | "connection_added" | "connection_used" | "connection_removed" | "permissions_changed" | "setting_changed" | "agreement_given" | "agreement_withdrawn" | "approval_asked" | "approval_edited" | "approval_decided" | "dry_run" | "denied" | "write_sent" | "write_settled" | "write_not_sent" | "undo_sent" | "undo_settled" | "exported" | "deleted" | "restored" | "server_changed" | "tool_changed" | "checkpoint" | "pruned" | "key_changed";
export type AuditOutcome = "done" | "refused" | "failed" | "unknown" | "pending";
export type AuditEntry = { 
/**
 * Its number: 1, 2, 3 … in the order in which things were written down.
 */
seq: number, 
/**
 * When (UTC).
 */
at: string, 
/**
 * As whom; absent where the account's data was deleted.
 */
account: string | null, 
/**
 * Through what.
 */
client: AuditClient, 
/**
 * The program's version.
 */
version: string, 
/**
 * The connection's name.
 */
connection: string | null, 
/**
 * The conversation.
 */
session_id: SessionId | null, 
/**
 * The run.
 */
run_id: RunId | null, 
/**
 * What Business Central's own log calls the request.
 */
correlation_id: string | null, 
/**
 * What was done.
 */
action: AuditAction, 
/**
 * To what: an entity set for writes (`customers`), else a kind of thing (`setting`, `connection`, `approval`).
 */
resource: string, 
/**
 * Its id.
 */
resource_id: string | null, 
/**
 * What came of it.
 */
outcome: AuditOutcome, 
/**
 * More, as JSON; absent where there is none or where it can't be read.
 */
details: RawJson | null, 
/**
 * Whether details were there and were deleted with the account's data.
 */
details_deleted: boolean, 
/**
 * Whether details are there and can't be read, because the log's key of that time is not here.
 */
details_lost: boolean, 
/**
 * The entry's seal, hexadecimal: a keyed hash over this entry and all before it.
 */
seal: string, };
export type AuditFilter = { 
/**
 * As whom.
 */
account?: string | null, 
/**
 * Through what.
 */
client?: AuditClient | null, 
/**
 * What was done.
 */
action?: AuditAction | null, 
/**
 * To what.
 */
resource?: string | null, 
/**
 * To which.
 */
resource_id?: string | null, 
/**
 * What came of it.
 */
outcome?: AuditOutcome | null, 
/**
 * Where.
 */
connection?: string | null, 
/**
 * In which conversation.
 */
session_id?: SessionId | null, 
/**
 * Not before (UTC).
 */
from?: string | null, 
/**
 * Before (UTC).
 */
until?: string | null, };
export type AuditCursor = { 
/**
 * Microseconds since 1970-01-01 UTC.
 */
at: number, 
/**
 * Its number.
 */
seq: number, };
export type AuditPage = { 
/**
 * The entries.
 */
entries: Array<AuditEntry>, 
/**
 * Where to go on; absent at the end. A page may hold fewer entries than were asked for and still have a next one: a search
 * for something rare is cut into pieces.
 */
next: AuditCursor | null, };
export type AuditCheckpoint = { 
/**
 * Of what this is: `bc-agent audit checkpoint 1`.
 */
kind: string, 
/**
 * Entries from the first on, pruned ones included; the number of the head.
 */
count: number, 
/**
 * The head's seal, hexadecimal.
 */
head: string, 
/**
 * When (UTC).
 */
at: string, 
/**
 * HMAC-SHA-256 over the above, hexadecimal: only this home's key makes it.
 */
signature: string, };
export type AuditFinding = { 
/**
 * Near which entry.
 */
seq: number | null, 
/**
 * What, as a sentence.
 */
message: string, };
export type AuditVerdict = { 
/**
 * Whether everything fits together.
 */
intact: boolean, 
/**
 * Entries that were looked at.
 */
checked: number, 
/**
 * Entries that retention removed; their places are sealed.
 */
pruned: number, 
/**
 * Entries that no secret key protects (the demo, or a time without a keyring): anybody could have rewritten them.
 */
unprotected: number, 
/**
 * Entries whose key is lost, as an entry after them says: whether they are as they were written can't be told.
 */
unverifiable: number, 
/**
 * The number of the last of those. Everything after it was verified.
 */
unverifiable_until: number | null, 
/**
 * The number of the newest entry.
 */
count: number, 
/**
 * The newest entry's seal, hexadecimal.
 */
head: string | null, 
/**
 * Whether an exported checkpoint was compared.
 */
against_checkpoint: boolean, 
/**
 * What is wrong; the first few.
 */
findings: Array<AuditFinding>, };
export type AuditFormat = "csv" | "json_lines";
export type AgreementView = { 
/**
 * The provider with its address, `anthropic https://api.anthropic.com`.
 */
provider: string, 
/**
 * The wording's version.
 */
version: number, 
/**
 * The wording.
 */
text: string, 
/**
 * Whether it holds now.
 */
agreed: boolean, 
/**
 * Who agreed: a person, or the key in the environment.
 */
how: string | null, 
/**
 * When (UTC).
 */
agreed_at: string | null, 
/**
 * When it was taken back (UTC).
 */
withdrawn_at: string | null, };
export type DataReportLine = { 
/**
 * What: `conversations`, `audit log`, `backups`.
 */
what: string, 
/**
 * How many.
 */
count: number, 
/**
 * Where: a file, or a place in the database.
 */
place: string, 
/**
 * What stays or is worth knowing, as a sentence.
 */
note: string | null, };
export type DataReport = { 
/**
 * Each place.
 */
lines: Array<DataReportLine>, };
export type DeletionScope = { "kind": "everything" } | { "kind": "account", 
/**
 * The account, as connections and the audit log name it.
 */
account: string, };
export type AccessRole = "viewer" | "editor" | "admin";
export type RuleVerdict = "allow" | "ask" | "deny";
export type PermissionRule = { 
/**
 * The tool, `bc_create_entity`.
 */
tool?: string | null, 
/**
 * The entity set, `customers`.
 */
entity?: string | null, 
/**
 * What is done.
 */
operation?: WriteOperation | null, 
/**
 * What the rule says.
 */
verdict: RuleVerdict, 
/**
 * Until when it holds (UTC). `allow` needs one: at most 30 days ahead.
 */
expires_at?: string | null, };
export type WriteLimits = { 
/**
 * Writes in 24 hours.
 */
writes_per_day: number | null, 
/**
 * Writes in an hour.
 */
writes_per_hour: number | null, 
/**
 * Runs at work at the same time, in all processes of the home.
 */
concurrent_runs: number | null, 
/**
 * Tool calls of one run.
 */
tool_calls_per_run: number | null, 
/**
 * An amount above this needs more than a click: a decimal as text, in the currency of the record.
 */
typed_above: string | null, };
export type Permissions = { 
/**
 * What is allowed at most.
 */
role: AccessRole, 
/**
 * Exceptions.
 */
rules: Array<PermissionRule>, 
/**
 * Bounds.
 */
limits: WriteLimits, 
/**
 * Properties that are never written, beside bank accounts and VAT numbers.
 */
never_written_fields: Array<string>, 
/**
 * Properties that may be written although they are among those never written by default: a person lifted them.
 */
lifted_fields: Array<string>, 
/**
 * Whether sets are tried out before a person is asked ([`crate::DRY_RUN_LEAKS`]); absent: as usual ([`DryRunSwitch::usual`]).
 */
dry_run?: DryRunSwitch | null, };
export type PolicyState = { "state": "absent" } | { "state": "in_force", 
/**
 * What it says, in sentences.
 */
says: Array<string>, } | { "state": "unusable", 
/**
 * Why, as a sentence.
 */
why: string, };
export type PermissionsView = { 
/**
 * The connection.
 */
connection: string, 
/**
 * What the person set.
 */
permissions: Permissions, 
/**
 * Properties that are never written unless they are lifted.
 */
protected_fields: Array<string>, 
/**
 * The rules by which writes go without a question now.
 */
allowed_now: Array<PermissionRule>, 
/**
 * The file of the organisation's policy.
 */
policy_file: string, 
/**
 * How that stands.
 */
policy: PolicyState, 
/**
 * The role that holds when the policy is counted in.
 */
effective_role: AccessRole, 
/**
 * Writes of the last hour on this company.
 */
writes_last_hour: number, 
/**
 * Writes of the last 24 hours on this company.
 */
writes_last_day: number, 
/**
 * Whether sets are tried out before a person is asked.
 */
dry_run: DryRunSwitch, 
/**
 * What a person should know before they turn that on.
 */
dry_run_leaks: string, };
