//! Bounded reads for warnings.

use bca_bc::{Case, Client, Comparison, Filter, Literal, Query, RecordPath, SetPath, Subject};
use bca_protocol::Json;
use rust_decimal::Decimal;
use tokio_util::sync::CancellationToken;

use crate::tools::{send::fetch, verify::decimal};

/// Rows that a warning looks at; beyond these, it speaks of what it saw.
const MOST: usize = 500;
/// Duplicates that are named.
const MOST_ALIKE: usize = 3;

/// The company's books, read for warnings.
pub(super) struct Books<'a> {
    pub(super) client: &'a Client,
    pub(super) cancel: &'a CancellationToken,
}

impl Books<'_> {
    /// One record.
    pub(super) async fn one(&self, set: &str, id: &str) -> Option<Json> {
        let path = RecordPath::of(set, id).ok()?;
        fetch(self.client, &path, &[], self.cancel).await.ok().map(|record| record.json)
    }

    /// The record by id, or else by number.
    pub(super) async fn found(&self, set: &str, id: Option<&str>, number: Option<&str>) -> Option<Json> {
        match (id, number) {
            (Some(id), _) => self.one(set, id).await,
            (None, Some(number)) => self.listed(set, Filter::equals("number", number), 1).await.into_iter().next(),
            (None, None) => None,
        }
    }

    /// A small set, whole.
    pub(super) async fn all(&self, set: &str) -> Vec<Json> {
        self.rows(SetPath::of(set).ok().map(Query::of)).await
    }

    /// The currency of the company's own books.
    pub(super) async fn local_currency(&self) -> Option<String> {
        self.all("generalLedgerSetup").await.iter().find_map(|setup| text(setup, "localCurrencyCode").map(str::to_owned))
    }

    /// What stands below a record.
    pub(super) async fn below(&self, set: &str, id: &str, navigation: &str) -> Vec<Json> {
        let path = RecordPath::of(set, id).and_then(|record| SetPath::below(&record, navigation));
        self.rows(path.ok().map(Query::of)).await
    }

    /// Rows for which this holds.
    pub(super) async fn listed(&self, set: &str, filter: Filter, top: usize) -> Vec<Json> {
        let query = SetPath::of(set).ok().map(|set| Query { top: Some(top), ..Query::of(set).filtered(filter) });
        self.rows(query).await
    }

    /// Documents of one customer or vendor, since a day where one is given.
    pub(super) async fn documents(&self, set: &str, (party, number): (&str, &str), since: Option<(&str, jiff::civil::Date)>) -> Vec<Json> {
        let mut filter = Filter::equals(party, number);
        if let Some((property, date)) = since {
            let subject = Subject { property: property.to_owned(), case: Case::Kept };
            filter = filter.and(Filter::Compare { subject, operator: Comparison::GreaterOrEqual, value: Literal::Date(date.to_string()) });
        }
        self.listed(set, filter, MOST).await
    }

    /// Records with the same text, whatever its case.
    pub(super) async fn alike(&self, set: &str, property: &str, text: &str) -> Vec<Json> {
        let subject = Subject { property: property.to_owned(), case: Case::Lower };
        let filter = Filter::Compare { subject, operator: Comparison::Equal, value: Literal::Text(text.trim().to_lowercase()) };
        self.listed(set, filter, MOST_ALIKE).await
    }

    /// Records with the same number, however it is grouped: `NO 987 654 321` is `NO987654321`.
    pub(super) async fn numbered_alike(&self, set: &str, property: &str, text: &str) -> Vec<Json> {
        let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect::<String>();
        let wanted = bare(text);
        let subject = Subject { property: property.to_owned(), case: Case::Kept };
        let said = Filter::Compare { subject, operator: Comparison::NotEqual, value: Literal::Text(String::new()) };
        let (same, mut all) = tokio::join!(self.alike(set, property, text), self.listed(set, said, MOST));
        all.retain(|row| !wanted.is_empty() && self::text(row, property).is_some_and(|there| bare(there) == wanted));
        all.extend(same);
        let mut seen = std::collections::HashSet::new();
        all.retain(|row| seen.insert(self::text(row, "id").map(str::to_owned)));
        all.truncate(MOST_ALIKE);
        all
    }

    async fn rows(&self, query: Option<Query>) -> Vec<Json> {
        let Some(mut query) = query else { return Vec::new() };
        query.top = query.top.or(Some(MOST));
        match self.client.query(&query, self.cancel).await {
            Ok(page) => page.rows.into_iter().map(|record| record.json).collect(),
            Err(fault) => {
                tracing::debug!(%fault, "a warning could not be computed");
                Vec::new()
            }
        }
    }
}

/// A number of a record, exactly.
pub(super) fn number(record: &Json, name: &str) -> Option<Decimal> {
    match record.get(name)? {
        Json::Number(text) => decimal(text),
        Json::Null | Json::Bool(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// A text of a record that says something.
pub(super) fn text<'r>(record: &'r Json, name: &str) -> Option<&'r str> {
    record.get(name).and_then(Json::as_str).filter(|text| !bca_bc::is_empty_value(text))
}
