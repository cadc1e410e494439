#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::{
    SetPath,
    script::{ID, Script, ok},
};

#[tokio::test]
async fn a_view_goes_on_from_the_last_change_it_saw() {
    let rows = format!(
        r#"{{"value":[{{"id":"{ID}","lastModifiedDateTime":"2026-03-01T10:00:00.12Z"}},{{"id":"{ID}","lastModifiedDateTime":"2026-03-01T11:30:00Z"}}]}}"#
    );
    let script = Script::new([ok(rows), ok(r#"{"value":[]}"#)]).await;
    let (client, cancel) = (script.client(), CancellationToken::new());
    let mut query = Query::of(SetPath::of("customers").unwrap()).filtered(Filter::parse("city eq 'Oslo'").unwrap());
    query.select = vec!["number".into()];
    let changes = client.changed_since(&query, "2026-03-01T09:00:00Z".parse().unwrap(), &cancel).await.unwrap();
    assert_eq!((changes.rows.len(), changes.until, changes.truncated), (2, "2026-03-01T11:30:00Z".parse().unwrap(), false));
    let line = script.seen()[0].line.clone();
    assert!(line.contains("$filter=lastModifiedDateTime%20ge%202026-03-01T09:00:00Z%20and%20city%20eq%20%27Oslo%27&$select=number,lastModifiedDateTime&$orderby=lastModifiedDateTime "), "{line}");
    let changes = client.changed_since(&query, changes.until, &cancel).await.unwrap();
    assert_eq!(changes.until, "2026-03-01T11:30:00Z".parse().unwrap());
    let without = Query::of(SetPath::of("companyInformation").unwrap());
    let dated = client.catalogue().find("companyInformation").unwrap().property(CHANGED).is_some();
    assert_eq!(client.changed_since(&without, changes.until, &cancel).await.is_ok(), dated);
    assert!(client.changed_since(&Query::of(SetPath::of("customerSales").unwrap()), changes.until, &cancel).await.is_err());
}
