//! A set of writes in one transaction: all or none.

use std::collections::HashSet;

use bca_agent::ApprovedCall;
use bca_approval::{Method, PlannedWrite, WritePermit};
use bca_bc::{Client, Isolation, MediaBody, WriteAnswer, WriteError, references};
use bca_protocol::{CallId, ToolCallStatus};
use tokio_util::sync::CancellationToken;

use super::{BusinessCentral, Prepared, follow_up, send};
use crate::answer::Answer;

/// Operations in one batch (docs/business-central.md, section 6, allows 100; a transaction over many locks many records).
const MOST: usize = 20;

impl BusinessCentral {
    /// Whether these can go as one transaction: creates, changes and deletions of different records in one place. Actions commit by themselves,
    /// and what refers to an earlier result has to wait for it.
    pub(crate) fn go_together(&self, calls: &[ApprovedCall]) -> bool {
        let writes: Vec<&PlannedWrite> = calls.iter().flat_map(|approved| approved.writes.iter().map(|write| &write.planned)).collect();
        let mut records = HashSet::new();
        writes.len() <= MOST
            && calls.iter().all(|approved| approved.writes.len() == 1)
            && writes.iter().all(|write| {
                let request = &write.request;
                let is_action = request.method == Method::Post && request.body.is_none();
                let is_file = request.body.as_deref().and_then(MediaBody::parse).is_some();
                let other_record = request.method == Method::Post || records.insert(request.path.as_str());
                !is_action
                    && !is_file
                    && other_record
                    && references(request).is_empty()
                    && writes.first().is_some_and(|first| first.request.target == request.target)
            })
    }

    /// Sends what was prepared and approved for these calls, once; an answer for each, in order.
    pub(crate) async fn send_together(&self, calls: &[CallId]) -> Vec<Answer> {
        let never = CancellationToken::new();
        let mut taken: Vec<(CallId, Prepared)> = Vec::with_capacity(calls.len());
        let mut permits: Vec<WritePermit> = Vec::with_capacity(calls.len());
        for call in calls {
            if let Some((call, prepared, permit)) = self.take(call) {
                taken.push((call, prepared));
                permits.push(permit);
            }
        }
        let client = match self.client() {
            Ok(client) if taken.len() == calls.len() => client,
            Ok(_) | Err(_) => return calls.iter().map(|_| not_prepared()).collect(),
        };
        let writes = permits.into_iter().zip(&taken).map(|(permit, (_, prepared))| (permit, &prepared.planned.request)).collect();
        let outcomes = client.write_batch(writes, Isolation::Snapshot, &never).await;
        client.catalogue().scope(self.settle_all(client, taken, outcomes)).await
    }

    async fn settle_all(&self, client: &Client, taken: Vec<(CallId, Prepared)>, outcomes: Vec<Result<WriteAnswer, WriteError>>) -> Vec<Answer> {
        let never = CancellationToken::new();
        let mut answers = Vec::with_capacity(taken.len());
        for ((call, prepared), outcome) in taken.iter().zip(outcomes) {
            let answer = match outcome {
                Err(WriteError::NotSent(reason)) => {
                    let answer = Answer::write(ToolCallStatus::Error, "failed", format!("Nothing was changed: {reason}"));
                    self.unsent(call, prepared, answer).await
                }
                outcome => {
                    let settled = send::settled_by(client, prepared, outcome, follow_up::Before::Nothing, &never).await;
                    self.settle(call, prepared, settled).await
                }
            };
            answers.push(self.without_file(call, answer));
        }
        answers
    }
}

fn not_prepared() -> Answer {
    Answer::write(ToolCallStatus::Error, "failed", "Nothing was changed: a change of the set was not prepared.")
}
