use std::sync::{Arc, PoisonError, RwLock};

use bca_approval::{IntentLog, Target};
use bca_auth::TokenSource;
use bca_catalogue::{Catalogue, Language};
use bca_protocol::{Clock, Json};
use futures::{Stream, TryStreamExt};
use tokio_util::sync::CancellationToken;

use crate::{
    BcError, Count, Expand, Freshness, Limits, Query, Record, RecordId, RecordPath,
    learn::Learned,
    page::{Page, PageOfRows},
    path::SetPath,
    query::record_address,
    wire::Wire,
};

/// Where to, and as whom.
#[derive(Clone)]
pub struct Access {
    /// Host, tenant, environment, company, account.
    pub target: Target,
    /// Gives the bearer tokens of that account.
    pub bearer: Arc<dyn TokenSource>,
}

/// Business Central, one company, as one account. A clone shares everything.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    wire: Wire,
    target: Target,
    /// `companies(id)`
    company: String,
    intents: Arc<dyn IntentLog>,
    clock: Arc<dyn Clock>,
    learned: RwLock<Option<Learned>>,
}

impl Client {
    /// Opens no connection yet.
    ///
    /// # Errors
    /// [`BcError::BadConnection`] where the root is neither https nor this machine, does not end in `/api/v2.0`, or the company's id is none.
    pub fn new(access: Access, intents: Arc<dyn IntentLog>, clock: Arc<dyn Clock>, limits: Limits) -> Result<Self, BcError> {
        let Access { target, bearer } = access;
        let company =
            RecordId::parse(&target.company_id).map_err(|_| BcError::BadConnection("The company's id is not an id. Choose the company again.".into()))?;
        let wire = Wire::new(&target.root, bearer, Arc::clone(&clock), limits)?;
        Ok(Self(Arc::new(Inner { wire, target, company: format!("companies({company})"), intents, clock, learned: RwLock::default() })))
    }

    /// Speaks the person's language: for captions, for what Business Central says about writes, and for documents that it prints. To be set
    /// before the first request; the first one stays.
    pub fn speak(&self, language: Language) {
        self.0.wire.speak(language);
    }

    /// The time as Business Central's clock has it, as far as its last answer told.
    #[must_use]
    pub fn time_there(&self) -> jiff::Timestamp {
        self.0.wire.time_there()
    }

    /// The person's language, where it is known.
    #[must_use]
    pub fn language(&self) -> Option<&Language> {
        self.0.wire.language()
    }

    /// Where its writes go.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.0.target
    }

    /// What the environment has: as it was learned ([`Client::learn`]), else as every environment has it.
    #[must_use]
    pub fn catalogue(&self) -> &'static Catalogue {
        self.learned().map_or_else(Catalogue::embedded, |learned| learned.catalogue)
    }

    pub(crate) fn learned(&self) -> Option<Learned> {
        *self.0.learned.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep_learned(&self, learned: Learned) {
        *self.0.learned.write().unwrap_or_else(PoisonError::into_inner) = Some(learned);
    }

    /// The address of something below the company.
    pub(crate) fn address(&self, below: &str) -> Result<url::Url, BcError> {
        self.0.wire.company_address(&self.0.company, below)
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.0.wire
    }

    pub(crate) fn company_path(&self) -> &str {
        &self.0.company
    }

    pub(crate) fn intents(&self) -> &dyn IntentLog {
        self.0.intents.as_ref()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }

    /// Reads rows, page after page, up to `query.top` or [`Limits::max_rows`].
    ///
    /// An `or` over different properties, which Business Central refuses, is answered by several reads whose rows are put together
    /// (each row once, in the order asked for; without an order, read after read).
    ///
    /// # Errors
    /// Any but [`BcError::Changed`].
    pub async fn query(&self, query: &Query, cancel: &CancellationToken) -> Result<Page, BcError> {
        let query = query.clone().checked(self.catalogue())?;
        match &query.filter {
            None => self.one_query(&query, cancel).await,
            Some(filter) => match crate::filter::branches(filter).map_err(BcError::BadQuery)?.as_slice() {
                [only] => self.one_query(&query.clone().filtered(only.clone()), cancel).await,
                several => crate::merge::query(self, &query, several, cancel).await,
            },
        }
    }

    /// A checked query whose filter Business Central takes.
    pub(crate) async fn one_query(&self, query: &Query, cancel: &CancellationToken) -> Result<Page, BcError> {
        let most = query.top.unwrap_or(usize::MAX).min(self.0.wire.limits.max_rows);
        // Asks for one row more than the cap, so that "exactly so many" and "more than that" differ.
        // No rows but their number: one row is asked for, because what `$top=0` does is not documented.
        let least = usize::from(query.count == Count::Wanted);
        let asked = query.top.map(|top| top.min(self.0.wire.limits.max_rows.saturating_add(1)).max(least));
        let mut page = Page { rows: Vec::new(), count: None, truncated: false };
        let pages = self.row_pages(Query { top: asked, ..query.clone() }, cancel.clone());
        futures::pin_mut!(pages);
        while let Some(next) = pages.try_next().await? {
            page.count = page.count.or(next.count);
            page.rows.extend(next.rows);
            if page.rows.len() > most || (page.rows.len() == most && (query.top == Some(most) || next.next.is_some())) {
                page.truncated = query.top.is_none_or(|top| top > most);
                page.rows.truncate(most);
                break;
            }
        }
        Ok(page)
    }

    /// Reads rows as a stream of pages, each of at most [`Limits::page_rows`] (or `query.page_rows`) rows, without an upper bound but
    /// `query.top`. An `or` over different properties gives the rows of one read after the other, each row once and in no order.
    ///
    /// # Errors
    /// As for [`Client::query`]; an `or` over different properties with an order, `top` or `skip`, or of rows without a key, is refused.
    pub fn pages(&self, query: &Query, cancel: &CancellationToken) -> impl Stream<Item = Result<Vec<Record>, BcError>> + Send + use<> {
        let checked = query.clone().checked(self.catalogue()).and_then(|query| {
            let branches = query.filter.as_ref().map(crate::filter::branches).transpose().map_err(BcError::BadQuery)?.unwrap_or_default();
            Ok(match branches.as_slice() {
                [] | [_] => crate::merge::Branches::One(query),
                several => crate::merge::Branches::several(self.catalogue(), query, several)?,
            })
        });
        let (client, cancel) = (self.clone(), cancel.clone());
        futures::stream::once(async move { checked.map(|branches| branches.rows(client, cancel)) }).try_flatten()
    }

    /// The pages of a checked query.
    pub(crate) fn row_pages(&self, query: Query, cancel: CancellationToken) -> impl Stream<Item = Result<PageOfRows, BcError>> + Send + use<> {
        crate::page::pages(self.clone(), query, cancel)
    }

    /// Reads one record with its version, from the database that is written to.
    ///
    /// # Errors
    /// [`BcError::NotFound`] where there is none; any other but [`BcError::Changed`].
    pub async fn get(&self, path: &RecordPath, select: &[String], expand: &[Expand], cancel: &CancellationToken) -> Result<Record, BcError> {
        let below = record_address(self.catalogue(), path, select, expand)?;
        let url = self.address(&below)?;
        let text = self.0.wire.read(&url, Freshness::Primary, cancel).await?;
        record(&text)
    }

    /// Reads a record back after a write, whole, from the database that is written to.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub async fn read_back(&self, set: &SetPath, id: &RecordId, cancel: &CancellationToken) -> Result<Record, BcError> {
        self.get(&set.record(id.clone()), &[], &[], cancel).await
    }
}

/// One record of an answer.
pub(crate) fn record(text: &str) -> Result<Record, BcError> {
    let unusable = |reason: String| BcError::Unexpected { status: 200, reason, correlation_id: None };
    let tree = Json::parse(text).map_err(|e| unusable(crate::page::not_json(text, &e)))?;
    Record::from_row(tree).ok_or_else(|| unusable("it is not a record.".into()))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
