//! `approvals`: questions to a person, from any process of this home.

use bca_app::{App, Which};
use bca_protocol::{ApprovalId, ApprovalState, ApprovalView, Clock, Decision, Digest, ReviewDecision, ReviewVerdict, Reviewer, SystemClock};
use serde::Serialize;

use crate::{
    args::Approvals,
    console::{Console, Form, Loudness},
    editing::{self, Edit},
    exit::{Exit, Failure},
    render::{
        approval::{self, question},
        table::{Column, Side, table},
        words::{brief, countdown, moment, resolution, seconds_left},
    },
};

const COLUMNS: [Column; 5] = [("Id", Side::Left), ("Asked", Side::Left), ("State", Side::Left), ("Company", Side::Left), ("What", Side::Left)];

pub(super) async fn run(app: &App, command: Approvals, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Approvals::List { pending } => {
            let which = if pending { Which::Pending } else { Which::All };
            list(&app.approvals(which).await?, console)?;
            Ok(Exit::Done)
        }
        Approvals::Show { id } => {
            let approval = app.approval(id).await?;
            match console.form {
                Form::Json => console.json(&approval)?,
                Form::People => console.print(&page(&approval, console))?,
            }
            Ok(Exit::Done)
        }
        Approvals::Approve { id, digest, typed } => answer(app, id, digest, (ReviewVerdict::Approve, typed), console).await,
        Approvals::Edit { id, digest, set, toggle } => edit(app, (id, digest), &set, &toggle, console).await,
        Approvals::Reject { id, reason } => {
            let digest = app.approval(id).await?.request.digest;
            answer(app, id, digest, (ReviewVerdict::Reject { reason }, None), console).await
        }
    }
}

#[derive(Serialize)]
struct List<'a> {
    approvals: &'a [ApprovalView],
}

fn list(approvals: &[ApprovalView], console: &mut Console) -> Result<(), Failure> {
    match (console.form, console.loudness) {
        (Form::Json, _) => console.json(&List { approvals }),
        (Form::People, Loudness::Quiet) => approvals.iter().try_for_each(|approval| console.print(&format!("{}\n", approval.request.approval_id))),
        (Form::People, _) if approvals.is_empty() => {
            console.remark("No questions.");
            Ok(())
        }
        (Form::People, _) => {
            let now = SystemClock::new().now();
            let row = |approval: &ApprovalView| {
                let request = &approval.request;
                let state = match approval.state {
                    ApprovalState::Pending => format!("waits, {} left", countdown(seconds_left(request.expires_at, now))),
                    other => word(other).to_owned(),
                };
                let titles: Vec<&str> = request.changes.iter().map(|change| change.title.as_str()).collect();
                vec![request.approval_id.to_string(), moment(request.requested_at), state, request.connection.company.clone(), brief(&titles.join("; "), 70)]
            };
            let rows: Vec<Vec<String>> = approvals.iter().map(row).collect();
            console.print(&table(&COLUMNS, &rows, console.out.paint))
        }
    }
}

const fn word(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Pending => "waits",
        ApprovalState::Approved => "approved",
        ApprovalState::Rejected => "rejected",
        ApprovalState::Expired => "expired",
        ApprovalState::Aborted => "withdrawn",
    }
}

fn page(approval: &ApprovalView, console: &Console) -> String {
    let request = &approval.request;
    let decision = match approval.state {
        ApprovalState::Pending => None,
        ApprovalState::Approved => Some(Decision::Approved),
        ApprovalState::Rejected => Some(Decision::Rejected),
        ApprovalState::Expired => Some(Decision::Expired),
        ApprovalState::Aborted => Some(Decision::Aborted),
    };
    let standing = match (decision, approval.by) {
        (Some(decision), Some(by)) => resolution(decision, by, approval.reason.as_deref()),
        (Some(_), None) => word(approval.state).to_owned(),
        (None, _) => {
            let left = countdown(seconds_left(request.expires_at, SystemClock::new().now()));
            let id = request.approval_id;
            let typed = request.typed.as_ref().map(|typed| format!(" --typed {typed}")).unwrap_or_default();
            format!("{left} left; silence means no.\n  bc-agent approvals approve {id} --digest {}{typed}\n  bc-agent approvals reject {id}", request.digest)
        }
    };
    let tense = if decision.is_none() { approval::Standing::Waits } else { approval::Standing::Past };
    format!("{}\n   digest {}\n\n{standing}\n", question(request, tense, console.out.paint, console.loudness), request.digest)
}

#[derive(Serialize)]
struct Answered {
    approval_id: ApprovalId,
    decision: Decision,
}

async fn edit(app: &App, (id, digest): (ApprovalId, Digest), edits: &[Edit], toggles: &[usize], console: &mut Console) -> Result<Exit, Failure> {
    if edits.is_empty() && toggles.is_empty() {
        return Err(Failure::usage("Nothing is edited. Give --set or --toggle."));
    }
    let request = app.approval(id).await?.request;
    let mut revision = editing::standing(&request);
    revision.digest = digest;
    for edit in edits {
        editing::edit(&request, &mut revision, edit)?;
    }
    for number in toggles {
        editing::toggle(&request, &mut revision, *number)?;
    }
    app.revise(revision, Reviewer::CommandLine).await?;
    let approval = app.approval(id).await?;
    match console.form {
        Form::Json => console.json(&approval)?,
        Form::People => console.print(&page(&approval, console))?,
    }
    Ok(Exit::Done)
}

async fn answer(app: &App, id: ApprovalId, digest: Digest, (verdict, typed): (ReviewVerdict, Option<String>), console: &mut Console) -> Result<Exit, Failure> {
    let wanted = match verdict {
        ReviewVerdict::Approve => Decision::Approved,
        ReviewVerdict::Reject { .. } => Decision::Rejected,
    };
    let before = app.approval(id).await?.state;
    let decision = app.answer(ReviewDecision { approval_id: id, digest, verdict, typed }, Reviewer::CommandLine).await?;
    match console.form {
        Form::Json => console.json(&Answered { approval_id: id, decision })?,
        Form::People => {
            let is_ours = before == ApprovalState::Pending && decision == wanted;
            console.say(match (decision, is_ours) {
                (Decision::Approved, true) => "Approved. The process that asked sends it now.",
                (Decision::Approved, false) => "Too late: it was approved before.",
                (Decision::Rejected, true) => "Rejected. Nothing was changed.",
                (Decision::Rejected, false) => "Too late: it was rejected before. Nothing was changed.",
                (Decision::Expired, _) => "Too late: it has expired. Nothing was changed.",
                (Decision::Aborted, _) => "Too late: it was withdrawn. Nothing was changed.",
            });
        }
    }
    Ok(match decision {
        held if held == wanted => Exit::Done,
        Decision::Rejected | Decision::Expired => Exit::NotApproved,
        Decision::Approved | Decision::Aborted => Exit::Failed,
    })
}
