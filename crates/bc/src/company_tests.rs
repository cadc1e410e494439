//! The client against the demo company, which shares no code with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::HashSet, sync::Arc, time::Duration};

use bca_approval::{CanonicalRequest, Method, Target};
use bca_auth::{FixedToken, Secret};
use bca_catalogue::{Catalogue, EntityKind, Place};
use bca_protocol::{Json, SystemClock};
use bca_sim::{Fault, Options, Running};
use tokio_util::sync::CancellationToken;

use crate::{
    Access, BcError, Client, Count, Expand, Filter, Freshness, Limits, OrderBy, Query, Record, RecordPath, SetPath, WriteAnswer, WriteError,
    script::{Intents, permit},
};

pub(crate) struct Demo {
    pub(crate) company: Running,
    pub(crate) client: Client,
    pub(crate) cancel: CancellationToken,
}

impl Demo {
    pub(crate) async fn new(faults: &[&str]) -> Self {
        let mut options = Options::new("token");
        options.faults = faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect();
        Self::with(options).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let company = bca_sim::serve(listener, options).await.unwrap();
        let target = Target {
            root: company.base_url(),
            tenant: "t".into(),
            environment: "Production".into(),
            company_id: company.companies()[0].0.to_string(),
            account: "kim".into(),
        };
        let access = Access { target, bearer: Arc::new(FixedToken::new(Secret::new("token".into()))) };
        let limits = Limits { first_pause: Duration::from_millis(1), page_rows: 20, ..Limits::default() };
        let client = Client::new(access, Arc::new(Intents::default()), Arc::new(SystemClock::new()), limits).unwrap();
        Self { company, client, cancel: CancellationToken::new() }
    }

    async fn rows(&self, query: &Query) -> Result<crate::Page, BcError> {
        self.client.query(query, &self.cancel).await
    }

    pub(crate) async fn write(&self, method: Method, path: &str, if_match: Option<&str>, body: Option<&str>) -> Result<WriteAnswer, WriteError> {
        let request = CanonicalRequest {
            target: self.client.target().clone(),
            method,
            path: path.into(),
            if_match: if_match.map(str::to_owned),
            body: body.map(str::to_owned),
        };
        self.client.write(permit(&request).await, &request, &self.cancel).await
    }

    pub(crate) fn sent(&self, method: &str) -> usize {
        self.company.requests().iter().filter(|request| request.method == method).count()
    }
}

fn of(set: &str) -> Query {
    Query::of(SetPath::of(set).unwrap())
}

fn with(set: &str, filter: &str) -> Query {
    of(set).filtered(Filter::parse(filter).unwrap())
}

fn values(rows: &[Record], property: &str) -> Vec<String> {
    rows.iter().map(|row| row.json.get(property).and_then(Json::display).unwrap_or_default()).collect()
}

#[tokio::test]
async fn what_the_client_writes_is_what_business_central_takes() {
    let demo = Demo::new(&[]).await;
    for (set, filter) in [
        ("customers", "displayName eq 'O''Brien & Søn #1+2 %26'"),
        ("customers", "contains(tolower(displayName),'a') and balanceDue ge 0.50"),
        ("customers", "number in (10000,20000)"),
        ("customers", "blocked eq ' ' and taxLiable eq true"),
        ("customers", "paymentTermsId ne null"),
        ("customers", "startswith(city,'B') or endswith(city,'n')"),
        ("salesInvoices", "status eq 'Open' and dueDate lt '2099-01-31'"),
        ("salesOrders", "status eq 'In Review' or status eq 'Draft'"),
        ("items", "lastModifiedDateTime ge 2020-01-01 and unitPrice gt '1'"),
        ("generalLedgerEntries", "postingDate ge 2020-01-01 and (debitAmount gt 100 or creditAmount gt 100)"),
    ] {
        let answer = demo.rows(&with(set, filter)).await;
        assert!(answer.is_ok(), "{filter}: {answer:?}");
    }
}

#[tokio::test]
async fn an_or_over_two_properties_finds_what_two_questions_find() {
    let demo = Demo::new(&[]).await;
    let cities = demo.rows(&of("customers")).await.unwrap();
    let city = values(&cities.rows, "city").into_iter().find(|city| !city.is_empty()).unwrap();
    let ids = |page: &crate::Page| values(&page.rows, "id").into_iter().collect::<HashSet<_>>();
    let one = ids(&demo.rows(&with("customers", &format!("city eq '{city}'"))).await.unwrap());
    let two = ids(&demo.rows(&with("customers", "balanceDue gt 1000")).await.unwrap());
    let mut query = with("customers", &format!("city eq '{city}' or balanceDue gt 1000"));
    query.count = Count::Wanted;
    query.order_by = OrderBy::parse_list("number desc").unwrap();
    let both = demo.rows(&query).await.unwrap();
    let expected: HashSet<String> = one.union(&two).cloned().collect();
    assert_eq!(ids(&both), expected);
    assert_eq!((both.rows.len(), both.count), (expected.len(), Some(expected.len() as u64)));
    let numbers = values(&both.rows, "number");
    assert!(numbers.is_sorted_by(|a, b| a >= b), "{numbers:?}");
    query.top = Some(2);
    query.skip = Some(1);
    let part = demo.rows(&query).await.unwrap();
    assert_eq!(values(&part.rows, "number"), numbers[1..3]);
    assert_eq!(part.count, both.count);
}

#[tokio::test]
async fn every_row_of_many_pages_comes_once() {
    let demo = Demo::new(&["generalLedgerEntries:GET:2:503", "generalLedgerEntries:GET:4:drop-before-commit", "generalLedgerEntries:GET:5:429"]).await;
    let mut query = of("generalLedgerEntries");
    query.select = vec!["id".into(), "entryNumber".into()];
    query.count = Count::Wanted;
    query.top = Some(130);
    let page = demo.rows(&query).await.unwrap();
    let ids: HashSet<String> = values(&page.rows, "id").into_iter().collect();
    assert_eq!((page.rows.len(), ids.len()), (130, 130));
    assert!(page.count.unwrap() > 130);
}

#[tokio::test]
async fn related_records_come_along() {
    let demo = Demo::new(&[]).await;
    let mut query = of("salesInvoices");
    query.top = Some(3);
    query.expand = Expand::parse_list("salesInvoiceLines($select=sequence,quantity;$orderby=sequence desc),customer($select=displayName)").unwrap();
    let page = demo.rows(&query).await.unwrap();
    assert!(page.rows.iter().all(|row| matches!(row.json.get("salesInvoiceLines"), Some(Json::Array(lines)) if !lines.is_empty())));
    let invoice = RecordPath::of("salesInvoices", page.rows[0].id().unwrap()).unwrap();
    let lines = Query::of(SetPath::below(&invoice, "salesInvoiceLines").unwrap());
    assert!(!demo.rows(&lines).await.unwrap().rows.is_empty());
    let customer = Query::of(SetPath::below(&invoice, "customer").unwrap());
    assert_eq!(demo.rows(&customer).await.unwrap().rows.len(), 1);
}

/// Every set that stands by itself and that the demo company answers for, under the names of the catalogue.
#[tokio::test]
async fn the_sets_of_the_issue_can_be_listed() {
    let demo = Demo::new(&[]).await;
    const SETS: [&str; 20] = [
        "customers",
        "contacts",
        "vendors",
        "items",
        "itemCategories",
        "unitsOfMeasure",
        "paymentTerms",
        "paymentMethods",
        "shipmentMethods",
        "currencies",
        "countriesRegions",
        "locations",
        "salespeoplePurchasers",
        "salesQuotes",
        "salesOrders",
        "salesInvoices",
        "purchaseOrders",
        "purchaseInvoices",
        "accounts",
        "generalLedgerEntries",
    ];
    for set in SETS {
        let entity = Catalogue::get().find(set).unwrap();
        assert!(entity.place == Place::Company && entity.kind == EntityKind::Page);
        let query = Query { top: Some(1), select: entity.summary.clone(), ..of(set) };
        let answer = demo.rows(&query).await;
        assert!(matches!(&answer, Ok(page) if page.rows.len() == 1), "{set}: {answer:?}");
    }
}

#[tokio::test]
async fn a_record_lives_and_dies() {
    let demo = Demo::new(&[]).await;
    let made = demo.write(Method::Post, "customers", None, Some(r#"{"displayName":"Harbor Lights Ltd","city":"Bergen"}"#)).await.unwrap();
    let made = made.record.unwrap();
    let path = RecordPath::of("customers", made.id().unwrap()).unwrap();
    let seen = demo.client.read_back(path.set(), path.id(), &demo.cancel).await.unwrap();
    assert_eq!((seen.text("displayName"), seen.etag.as_deref()), (Some("Harbor Lights Ltd"), made.etag.as_deref()));

    let tag = seen.etag.unwrap();
    let changed = demo.write(Method::Patch, &path.to_string(), Some(&tag), Some(r#"{"city":"Oslo"}"#)).await.unwrap().record.unwrap();
    assert_eq!(changed.text("city"), Some("Oslo"));
    let stale = demo.write(Method::Patch, &path.to_string(), Some(&tag), Some(r#"{"city":"Moss"}"#)).await;
    assert!(matches!(stale, Err(WriteError::Changed(_))), "{stale:?}");
    let refused = demo.write(Method::Patch, &path.to_string(), changed.etag.as_deref(), Some(r#"{"balanceDue":1}"#)).await;
    assert!(matches!(refused, Err(WriteError::Refused(BcError::Refused { .. }))), "{refused:?}");

    let gone = demo.write(Method::Delete, &path.to_string(), changed.etag.as_deref(), None).await.unwrap();
    assert_eq!((gone.status, gone.record), (204, None));
    let error = demo.client.read_back(path.set(), path.id(), &demo.cancel).await.unwrap_err();
    assert!(matches!(error, BcError::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn a_quote_with_lines_becomes_an_order() {
    let demo = Demo::new(&[]).await;
    let customer = values(&demo.rows(&Query { top: Some(1), ..with("customers", "blocked eq ' '") }).await.unwrap().rows, "number").remove(0);
    let item = values(&demo.rows(&Query { top: Some(1), ..with("items", "blocked eq false") }).await.unwrap().rows, "number").remove(0);
    let body = format!(r#"{{"customerNumber":"{customer}","salesQuoteLines":[{{"lineType":"Item","lineObjectNumber":"{item}","quantity":2.5}}]}}"#);
    let quote = demo.write(Method::Post, "salesQuotes?$expand=salesQuoteLines", None, Some(&body)).await.unwrap().record.unwrap();
    assert!(matches!(quote.json.get("salesQuoteLines"), Some(Json::Array(lines)) if lines.len() == 1));
    let path = RecordPath::of("salesQuotes", quote.id().unwrap()).unwrap();
    let before = demo.rows(&of("salesOrders")).await.unwrap().rows.len();
    assert_eq!(demo.write(Method::Post, &path.action("makeOrder").unwrap(), None, None).await.unwrap().status, 204);
    assert_eq!(demo.rows(&Query { freshness: Freshness::Primary, ..of("salesOrders") }).await.unwrap().rows.len(), before + 1);
}

#[tokio::test]
async fn a_fault_around_a_write_never_makes_two() {
    for (fault, made) in [("drop-before-commit", 0), ("drop-after-commit", 1), ("429", 0), ("503", 0), ("504", 0), ("401", 0)] {
        let demo = Demo::new(&[&format!("paymentTerms:POST:1:{fault}")]).await;
        let answer = demo.write(Method::Post, "paymentTerms", None, Some(r#"{"code":"ZZ9","displayName":"Test"}"#)).await;
        match fault {
            "429" | "401" => assert!(matches!(answer, Err(WriteError::Refused(_))), "{fault}: {answer:?}"),
            _ => assert!(matches!(answer, Err(WriteError::Unknown(_))), "{fault}: {answer:?}"),
        }
        assert_eq!(demo.sent("POST"), 1, "{fault}");
        let found = demo.rows(&Query { freshness: Freshness::Primary, ..with("paymentTerms", "code eq 'ZZ9'") }).await.unwrap();
        assert_eq!(found.rows.len(), made, "{fault}");
    }
}
