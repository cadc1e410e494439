//! Evidence as one page: no script, nothing from outside, made to be printed. Texts of records are shown with their hidden characters.

use bca_protocol::{ApprovalState, ChangePreview, ChangeView, FieldChange, NoteKind, RawJson, Undoable};

use crate::{
    evidence::{Evidence, Question},
    evidence_trials,
};

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;color:#111;margin:2rem auto;max-width:60rem;padding:0 1rem}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem;border-top:1px solid #999;padding-top:.6rem}h3{font-size:1rem}\
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
th{background:#f2f2f2;font-weight:600}pre{background:#f6f6f6;padding:.5rem;white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px}\
.w{font-weight:600}@media print{body{margin:0;max-width:none}h2{break-after:avoid}table,pre{break-inside:avoid}}";

/// The page.
pub(crate) fn page(evidence: &Evidence) -> String {
    let mut html = String::from("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Evidence of changes</title>");
    html.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    html.push_str(&format!("<style>{STYLE}</style></head><body>\n<h1>Evidence of changes in Business Central</h1>\n"));
    let session = evidence.session.as_ref().map(|session| session.title.as_str()).unwrap_or("(the conversation was deleted)");
    html.push_str(&rows(&[
        ("Put together", evidence.at.to_string()),
        ("Program", format!("BC Agent {}", evidence.program)),
        ("Conversation", session.to_owned()),
        ("Asked for", evidence.asked.clone().unwrap_or_default()),
        ("Changes", evidence.changes.len().to_string()),
        ("Audit log", if evidence.audit_intact { "unbroken".to_owned() } else { "BROKEN: verify it before you rely on this".to_owned() }),
    ]));
    for change in &evidence.changes {
        html.push_str(&one_change(change));
    }
    for question in &evidence.questions {
        html.push_str(&one_question(question));
        html.push_str(&evidence_trials::of_question(evidence, question));
    }
    html.push_str(&evidence_trials::all(evidence));
    html.push_str(&audit(evidence));
    html.push_str("</body></html>\n");
    html
}

fn one_change(change: &ChangeView) -> String {
    let preview = &change.preview;
    let connection = &change.connection;
    let time = |at: &Option<jiff::Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let mut html = format!("<h2>{}</h2>\n", shown(&preview.title));
    html.push_str(&rows(&[
        ("Change", preview.change_id.to_string()),
        ("State", change.state.as_str().replace('_', " ")),
        ("What came of it", change.message.clone().unwrap_or_default()),
        ("Company", format!("{} ({}, {})", connection.company, connection.environment, connection.tenant)),
        ("As", connection.account.clone()),
        ("Proposed", change.created_at.to_string()),
        ("Sent", time(&change.sent_at)),
        ("Settled", time(&change.settled_at)),
        ("Takes back", preview.undoes.map(|id| id.to_string()).unwrap_or_default()),
        ("Taken back by", change.undone_by.map(|id| id.to_string()).unwrap_or_default()),
        ("Way back", way_back(&preview.undo)),
        ("Digest", preview.digest.to_string()),
        ("In Business Central's log", change.correlation_id.clone().unwrap_or_default()),
    ]));
    html.push_str(&fields(preview));
    let condition = preview.if_match.as_ref().map(|etag| format!("\nIf-Match: {etag}")).unwrap_or_default();
    let body = preview.body.as_ref().map(|body| format!("\n\n{body}")).unwrap_or_default();
    html.push_str(&format!("<h3>Request, byte for byte</h3><pre>{}</pre>\n", shown(&format!("{} {}{condition}{body}", preview.method, preview.path))));
    html.push_str(&record("The record before", &change.before));
    html.push_str(&record("The record after, as read back", &change.after));
    html
}

fn way_back(undo: &Undoable) -> String {
    match undo {
        Undoable::Yes { how } => how.clone(),
        Undoable::No { why } => format!("None. {why}"),
    }
}

fn fields(preview: &ChangePreview) -> String {
    let mut html = String::from("<table><tr><th>Field</th><th>Before</th><th>Proposed</th><th>Approved</th></tr>");
    for field in &preview.fields {
        let cell = |text: &Option<String>, label: &Option<String>| match (text, label) {
            (None, _) => String::new(),
            (Some(text), None) => shown(text),
            (Some(text), Some(label)) => format!("{} ({})", shown(text), shown(label)),
        };
        let FieldChange { name, caption, before, after, before_label, after_label, proposed, .. } = field;
        let (proposed, after) = match proposed {
            Some(_) => (cell(proposed, &None), format!("<span class=\"w\">{}</span>", cell(after, after_label))),
            None => (cell(after, after_label), cell(after, after_label)),
        };
        html.push_str(&format!(
            "<tr><td>{} <small>{}</small></td><td>{}</td><td>{proposed}</td><td>{after}</td></tr>",
            shown(caption),
            shown(name),
            cell(before, before_label)
        ));
    }
    html.push_str("</table>\n");
    for conflict in &preview.conflicts {
        let text = |text: &Option<String>| text.as_deref().map_or_else(|| "(empty)".to_owned(), shown);
        html.push_str(&format!(
            "<p class=\"w\">{}: changed by somebody since; left as {}, stood at {}.</p>\n",
            shown(&conflict.caption),
            text(&conflict.expected),
            text(&conflict.now)
        ));
    }
    for note in &preview.notes {
        let class = if note.kind == NoteKind::Warning { " class=\"w\"" } else { "" };
        html.push_str(&format!("<p{class}>{}</p>\n", shown(&note.text)));
    }
    html
}

fn one_question(question: &Question) -> String {
    let approval = &question.approval;
    let request = &approval.request;
    let state = match approval.state {
        ApprovalState::Pending => "waits",
        ApprovalState::Approved => "approved",
        ApprovalState::Rejected => "rejected",
        ApprovalState::Expired => "expired",
        ApprovalState::Aborted => "withdrawn",
    };
    let mut html = format!("<h2>Decision: {state}</h2>\n");
    html.push_str(&rows(&[
        ("Question", request.approval_id.to_string()),
        ("Title of the set, in the words of the model", request.title.clone().unwrap_or_default()),
        ("Asked", request.requested_at.to_string()),
        ("Deadline", request.expires_at.to_string()),
        ("Answered", approval.resolved_at.map(|at| at.to_string()).unwrap_or_default()),
        ("By", approval.by.map(|by| by.as_str().replace('_', " ")).unwrap_or_default()),
        ("Reason", approval.reason.clone().unwrap_or_default()),
        ("Changes approved together", request.changes.len().to_string()),
        ("Taken out", request.left_out.iter().map(|change| change.title.clone()).collect::<Vec<_>>().join("; ")),
        ("Digest of the set", request.digest.to_string()),
    ]));
    for version in &question.versions {
        let by = version.by.map_or_else(|| "proposed".to_owned(), |by| format!("edited in the {}", by.as_str().replace('_', " ")));
        html.push_str(&format!("<p>Version {}: {by}, {}, digest {}</p>\n", version.request.revision, version.at, version.request.digest));
    }
    html
}

fn audit(evidence: &Evidence) -> String {
    let mut html = String::from("<h2>Audit log</h2>\n<table><tr><th>Position</th><th>When</th><th>What</th><th>Outcome</th><th>By</th><th>Seal</th></tr>");
    for entry in &evidence.audit {
        html.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><small>{}</small></td></tr>",
            entry.seq,
            entry.at,
            shown(&word(&entry.action)),
            shown(&word(&entry.outcome)),
            shown(entry.account.as_deref().unwrap_or_default()),
            shown(&entry.seal)
        ));
    }
    html.push_str("</table>\n");
    html
}

/// A word of an enumeration as it stands on the wire.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(|word| word.replace('_', " "))).unwrap_or_default()
}

fn record(title: &str, json: &Option<RawJson>) -> String {
    json.as_ref().map(|json| format!("<h3>{title}</h3><pre>{}</pre>\n", shown(json.as_str()))).unwrap_or_default()
}

fn rows(rows: &[(&str, String)]) -> String {
    let row = |(name, value): &(&str, String)| format!("<tr><th>{name}</th><td>{}</td></tr>", shown(value));
    let said = rows.iter().filter(|(_, value)| !value.is_empty());
    format!("<table>{}</table>\n", said.map(row).collect::<String>())
}

/// Text as it is: what HTML would take for markup is escaped, and what can't be seen is written out.
pub(crate) fn shown(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' => html.push('\n'),
            c if c.is_control() || is_hidden(c) => html.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => html.push(c),
        }
    }
    html
}

fn is_hidden(c: char) -> bool {
    matches!(u32::from(c),
        0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164
        | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xE0000..=0xE0FFF)
}
