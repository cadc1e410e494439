//! Changes that are sent together: one `$batch`, sent once, each change judged by the table of [`Client::write`].

use bca_approval::{CanonicalRequest, WritePermit};
use bca_catalogue::ApiName;
use bca_protocol::ChangeId;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use tokio_util::sync::CancellationToken;

use crate::{
    BcError, Client, Earlier, Freshness, NotSent, Record, RecordId, Together, WriteAnswer, WriteError,
    batch::{self, BatchBody, Item},
    path::WritePath,
    reference::resolve,
    wire::{Answer, Fault, Wire, bearer_header, no_token},
    write::{challenge_in, checked, named, pass_on, refused, stopped, succeeded},
};

/// Whether the changes of a batch stand and fall together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// One transaction (`Isolation: snapshot`): a failure takes all of them back, unless Business Central's own code commits in between, as
    /// posting does.
    Snapshot,
    /// Each by itself.
    Separate,
}

/// What came of one change.
type Outcome = Result<WriteAnswer, WriteError>;

/// A change that is ready to go.
struct Ready<'a> {
    change_id: ChangeId,
    request: &'a CanonicalRequest,
    method: reqwest::Method,
}

impl Client {
    /// Sends approved changes in one request, once, never again; one outcome for each, in their order.
    ///
    /// As with [`Client::write`]: every permit is given up for exactly its bytes, every request is checked, a token is fetched, every intent
    /// is made durable, then the batch leaves. Where one of them can't go, none goes: that one is [`WriteError::NotSent`] with its reason,
    /// the others with [`Together::NeverLeft`]; intents that were already marked as sending are told as [`WriteError::Refused`] with
    /// [`Together::NeverLeft`], so that the caller settles them as failed.
    ///
    /// | what happened | result |
    /// |---|---|
    /// | no connection; an answer to the whole batch that refuses it | the table of [`Client::write`], for every change |
    /// | no answer, half an answer, an answer that is no batch | [`WriteError::Unknown`] for every change |
    /// | an answer to the change | the table of [`Client::write`] |
    /// | no answer to the change | [`WriteError::Unknown`]; in a snapshot after a change that failed for certain: [`WriteError::Refused`] with [`Together::NotReached`] |
    /// | success in a snapshot in which another change failed | the record is read: as before, [`WriteError::Refused`] with [`Together::RolledBack`]; as sent, success; else, or for an action, [`WriteError::Unknown`] |
    /// | unknown in a snapshot of which another change was seen to be taken back | [`WriteError::Refused`] with [`Together::RolledBack`], but for an action |
    ///
    /// References to results within the batch are refused ([`NotSent::Unresolved`]): Business Central documents none.
    pub async fn write_batch(&self, writes: Vec<(WritePermit, &CanonicalRequest)>, isolation: Isolation, cancel: &CancellationToken) -> Vec<Outcome> {
        let count = writes.len();
        if count == 0 {
            return Vec::new();
        }
        let wire = self.wire();
        let ready = match self.all_ready(writes) {
            Ok(ready) => ready,
            Err((at, reason)) => return (0..count).map(|n| Err(WriteError::NotSent(if n == at { reason.clone() } else { never_left() }))).collect(),
        };
        let leaving = async {
            let turn = wire.pace.enter_for(count).await;
            let token = wire.bearer.token().await.map_err(no_token)?;
            Ok::<_, BcError>((turn, bearer_header(&token)?, token, batch::batch_address(wire)?))
        };
        let left = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(BcError::Cancelled),
            leaving = leaving => leaving,
        };
        let (turn, bearer, token, url) = match left {
            Ok(left) => left,
            Err(error) => return vec![Err(WriteError::NotSent(NotSent::Before(error))); count],
        };
        if let Err(outcomes) = self.mark_sending(&ready).await {
            return outcomes;
        }
        let mut http = wire.writes.post(url).header(ACCEPT, "application/json").header(CONTENT_TYPE, "application/json");
        if isolation == Isolation::Snapshot {
            http = http.header("Isolation", "snapshot");
        }
        let http = ready.first().into_iter().fold(http, |http, first| named(http, first.change_id));
        let http = http.body(body(self.company_path(), &ready));
        let answer = tokio::select! {
            biased;
            answer = wire.send(http, bearer, wire.limits.write_timeout) => answer,
            () = stopped(cancel, wire) => return vec![Err(WriteError::Unknown(BcError::Cancelled)); count],
        };
        drop(turn);
        let challenge = challenge_in(&answer);
        let reference = answer.as_ref().ok().and_then(|answer| answer.reference.clone());
        let outcomes = match items(wire, answer, count) {
            Ok(items) => self.judged(&ready, items, isolation).await,
            Err(error) => vec![Err(pass_on(wire, error, &token, &challenge, cancel).await); count],
        };
        let outcomes: Vec<Outcome> = outcomes.into_iter().map(|outcome| referring(outcome, reference.as_deref())).collect();
        for (ready, outcome) in ready.iter().zip(&outcomes) {
            if let Err(error) = outcome {
                tracing::warn!(%error, correlation_id = error.correlation_id(), change_id = %ready.change_id, "a write of a batch did not succeed");
            }
        }
        outcomes
    }

    /// Gives up every permit and checks every request; the place and the reason of the first that may not go.
    fn all_ready<'a>(&self, writes: Vec<(WritePermit, &'a CanonicalRequest)>) -> Result<Vec<Ready<'a>>, (usize, NotSent)> {
        let most = self.wire().limits.batch_operations;
        if writes.len() > most {
            return Err((0, NotSent::Malformed(format!("at most {most} changes go together."))));
        }
        let one = |(permit, request): (WritePermit, &'a CanonicalRequest)| -> Result<Ready<'a>, NotSent> {
            let change_id = permit.redeem(request)?;
            if request.target != *self.target() {
                return Err(NotSent::OtherTarget);
            }
            resolve(request, &Earlier::default())?;
            if ApiName::split(&request.path).is_some() {
                return Err(NotSent::Malformed("a change of a custom API is sent by itself.".into()));
            }
            Ok(Ready { change_id, request, method: checked(request)? })
        };
        writes.into_iter().enumerate().map(|(at, write)| one(write).map_err(|reason| (at, reason))).collect()
    }

    /// Makes every intent durable; where one can't be, nothing leaves.
    async fn mark_sending(&self, ready: &[Ready<'_>]) -> Result<(), Vec<Outcome>> {
        for (at, write) in ready.iter().enumerate() {
            if let Err(fault) = self.intents().sending(write.change_id, self.clock().now()).await {
                let outcome = |n: usize| {
                    Err(match n.cmp(&at) {
                        std::cmp::Ordering::Less => WriteError::Refused(BcError::Together(Together::NeverLeft)),
                        std::cmp::Ordering::Equal => WriteError::NotSent(fault.clone().into()),
                        std::cmp::Ordering::Greater => WriteError::NotSent(never_left()),
                    })
                };
                return Err((0..ready.len()).map(outcome).collect());
            }
        }
        Ok(())
    }

    async fn judged(&self, ready: &[Ready<'_>], items: Vec<Option<Item>>, isolation: Isolation) -> Vec<Outcome> {
        let missing = || WriteError::Unknown(unusable("it says nothing about this change."));
        let mut outcomes: Vec<Outcome> = items.iter().map(|item| item.as_ref().map_or_else(|| Err(missing()), judge)).collect();
        let first_failed = outcomes.iter().position(Result::is_err);
        match (isolation, first_failed) {
            (Isolation::Separate, _) | (_, None) => {}
            (Isolation::Snapshot, Some(failed)) => self.look_after(ready, &items, &mut outcomes, failed).await,
        }
        outcomes
    }

    /// A change of a snapshot failed: answers that say success no longer have to be true, so the records are read.
    async fn look_after(&self, ready: &[Ready<'_>], items: &[Option<Item>], outcomes: &mut [Outcome], failed: usize) {
        let position = failed + 1;
        let failed_for_certain = matches!(outcomes.get(failed), Some(Err(WriteError::Refused(_) | WriteError::Changed(_))));
        let (mut taken_back, mut stands) = (false, false);
        for (write, outcome) in ready.iter().zip(outcomes.iter_mut()) {
            let Ok(answer) = outcome else { continue };
            *outcome = match self.what_stands(write.request, answer).await {
                Stands::AsSent => {
                    stands = true;
                    Ok(answer.clone())
                }
                Stands::AsBefore => {
                    taken_back = true;
                    Err(WriteError::Refused(BcError::Together(Together::RolledBack { failed: position })))
                }
                Stands::Unclear => Err(WriteError::Unknown(BcError::Together(Together::MayBeRolledBack { failed: position }))),
            };
        }
        let whole = taken_back && !stands;
        for (at, ((write, item), outcome)) in ready.iter().zip(items).zip(outcomes.iter_mut()).enumerate() {
            let Err(WriteError::Unknown(_)) = outcome else { continue };
            let is_action = matches!(WritePath::parse(&write.request.path), Ok(WritePath::Action));
            if whole && !is_action {
                *outcome = Err(WriteError::Refused(BcError::Together(Together::RolledBack { failed: position })));
            } else if item.is_none() && at > failed && failed_for_certain && items.iter().skip(at).all(Option::is_none) {
                *outcome = Err(WriteError::Refused(BcError::Together(Together::NotReached { failed: position })));
            }
        }
    }

    /// Reads the record of a change that was answered with success.
    async fn what_stands(&self, request: &CanonicalRequest, answer: &WriteAnswer) -> Stands {
        let never = CancellationToken::new();
        match WritePath::parse(&request.path) {
            Ok(WritePath::Set) => {
                let Some(id) = answer.record.as_ref().and_then(Record::id).and_then(|id| RecordId::parse(id).ok()) else { return Stands::Unclear };
                let set = request.path.split('?').next().unwrap_or_default();
                match self.version(&format!("{set}({id})"), &never).await {
                    Ok(_) => Stands::AsSent,
                    Err(BcError::NotFound { .. }) => Stands::AsBefore,
                    Err(_) => Stands::Unclear,
                }
            }
            Ok(WritePath::Record) => {
                let answered = answer.record.as_ref().and_then(|record| record.etag.clone());
                match self.version(&request.path, &never).await {
                    Ok(now) if now == request.if_match && answered != now => Stands::AsBefore,
                    Ok(now) if now.is_some() && now == answered => Stands::AsSent,
                    Err(BcError::NotFound { .. }) if request.method == bca_approval::Method::Delete => Stands::AsSent,
                    Ok(_) | Err(_) => Stands::Unclear,
                }
            }
            Ok(WritePath::Action) | Err(_) => Stands::Unclear,
        }
    }

    /// The version of a record as it stands now.
    pub(crate) async fn version(&self, path: &str, cancel: &CancellationToken) -> Result<Option<String>, BcError> {
        let url = self.address(path)?;
        let text = self.wire().read(&url, Freshness::Primary, cancel).await?;
        Ok(crate::client::record(&text)?.etag)
    }
}

/// How a record stands after its batch failed.
enum Stands {
    AsSent,
    AsBefore,
    Unclear,
}

/// What the server called the whole batch, where it gave a change no number of its own.
fn referring(outcome: Outcome, reference: Option<&str>) -> Outcome {
    match outcome {
        Ok(answer) => Ok(WriteAnswer { correlation_id: answer.correlation_id.or_else(|| reference.map(str::to_owned)), ..answer }),
        Err(error) => Err(error.or_reference(reference)),
    }
}

fn never_left() -> NotSent {
    NotSent::Before(BcError::Together(Together::NeverLeft))
}

fn unusable(reason: &str) -> BcError {
    BcError::Unexpected { status: 200, reason: reason.to_owned(), correlation_id: None }
}

fn body(company: &str, ready: &[Ready<'_>]) -> String {
    let mut body = BatchBody::default();
    for Ready { request, method, .. } in ready {
        let mut headers = vec![("Accept", "application/json")];
        headers.extend(request.body.as_ref().map(|_| ("Content-Type", "application/json")));
        headers.extend(request.if_match.as_deref().map(|tag| ("If-Match", tag)));
        body.add(method.as_str(), &format!("{company}/{}", request.path), &headers, request.body.as_deref());
    }
    body.finish()
}

/// The answers to the changes; the error that every change shares where there are none.
pub(crate) fn items(wire: &Wire, answer: Result<Answer, Fault>, count: usize) -> Result<Vec<Option<Item>>, WriteError> {
    let Answer { status, retry_after, body, .. } = match answer {
        Ok(answer) => answer,
        Err(fault @ Fault::NotConnected(_)) => return Err(WriteError::Refused(wire.error(&fault, None))),
        Err(fault) => return Err(WriteError::Unknown(wire.error(&fault, None))),
    };
    if !status.is_success() {
        return Err(refused(status, retry_after, &body.unwrap_or_default()));
    }
    let text = body.map_err(|fault| WriteError::Unknown(wire.error(&fault, Some(status))))?;
    batch::parse(wire, &text, count).map_err(|reason| WriteError::Unknown(unusable(&reason)))
}

pub(crate) fn judge(item: &Item) -> Outcome {
    let text = item.text();
    if item.status.is_success() {
        succeeded(item.status, matches!(item.body, Some(bca_protocol::Json::Object(_))), &text)
    } else {
        Err(refused(item.status, item.retry_after, &text))
    }
}

#[cfg(test)]
#[path = "batch_write_tests.rs"]
mod tests;
