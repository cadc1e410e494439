//! The document that an action made: an order from a quote, an invoice from an order. Told only where it is sure.

use bca_bc::{Client, Filter, Query, SetPath};
use bca_protocol::Json;
use tokio_util::sync::CancellationToken;

use super::{Prepared, Target};
use crate::answer::{object, text};

/// Documents of the same customer or vendor that were there before; more than this are not compared.
const MOST: usize = 500;

/// What was there before the action.
pub(super) enum Before {
    /// Nothing to look for.
    Nothing,
    /// These documents of the same customer or vendor.
    Documents(Search, Vec<String>),
}

/// Where the document will turn up.
pub(super) struct Search {
    set: &'static str,
    filter: Filter,
}

/// Which set an action makes a document in, and the property that ties it to the customer or vendor.
fn destination(entity: &str, action: &str) -> Option<(&'static str, &'static str)> {
    match (entity, action) {
        ("salesQuotes", "makeOrder") => Some(("salesOrders", "customerNumber")),
        ("salesQuotes", "makeInvoice") | ("salesOrders", "shipAndInvoice") => Some(("salesInvoices", "customerNumber")),
        ("purchaseOrders", "receiveAndInvoice") => Some(("purchaseInvoices", "vendorNumber")),
        ("salesInvoices", "makeCorrectiveCreditMemo") => Some(("salesCreditMemos", "customerNumber")),
        _ => None,
    }
}

/// Notes what is there, just before an action is sent.
pub(super) async fn look(client: &Client, target: &Target, prepared: &Prepared, cancel: &CancellationToken) -> Before {
    let Target::Action { action, .. } = target else { return Before::Nothing };
    let Some((set, party)) = destination(&prepared.planned.preview.entity, action) else { return Before::Nothing };
    let record = prepared.planned.before.as_ref().and_then(|raw| raw.tree().ok());
    let Some(number) = record.as_ref().and_then(|r| r.get(party)).and_then(Json::as_str) else { return Before::Nothing };
    let search = Search { set, filter: Filter::equals(party, number) };
    match documents(client, &search, cancel).await {
        Some(rows) => Before::Documents(search, rows.into_iter().map(|(id, _)| id).collect()),
        None => Before::Nothing,
    }
}

/// The one document that is there now and wasn't before.
pub(super) async fn result(client: &Client, prepared: &Prepared, before: Before, cancel: &CancellationToken) -> Option<Json> {
    let Before::Documents(search, known) = before else { return None };
    let own = prepared.planned.preview.key.as_deref();
    let now = documents(client, &search, cancel).await?;
    let mut new = now.into_iter().filter(|(id, _)| !known.contains(id) && Some(id.as_str()) != own);
    match (new.next(), new.next()) {
        (Some((id, number)), None) => Some(object([("entity", text(search.set)), ("id", text(id)), ("number", text(number))])),
        _ => None,
    }
}

async fn documents(client: &Client, search: &Search, cancel: &CancellationToken) -> Option<Vec<(String, String)>> {
    let mut query = Query::of(SetPath::of(search.set).ok()?).filtered(search.filter.clone());
    query.select = vec!["id".into(), "number".into()];
    query.freshness = bca_bc::Freshness::Primary;
    query.top = Some(MOST + 1);
    let page = client.query(&query, cancel).await.ok()?;
    let rows: Vec<(String, String)> = page.rows.iter().filter_map(|r| Some((r.id()?.to_owned(), r.text("number").unwrap_or_default().to_owned()))).collect();
    (rows.len() <= MOST).then_some(rows)
}
