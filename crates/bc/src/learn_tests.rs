#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::sync::Arc;

use bca_approval::Method;
use bca_auth::{FixedToken, Secret};
use bca_protocol::SystemClock;

use super::*;
use crate::{
    Access, Expand, Filter, Limits, NotSent, Query, RecordPath, SetPath, WriteError,
    script::{COMPANY, ETAG, ID, Intents, Reply, Script, limits, ok, permit, refusal},
};

const STANDARD: &str = r#"<edmx:Edmx xmlns:edmx="x"><Schema>
 <EntityType Name="customer"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/><Property Name="number" Type="Edm.String"/><Property Name="displayName" Type="Edm.String"/><Property Name="favouriteColour" Type="Edm.String"/></EntityType>
 <EntityContainer><EntitySet Name="customers" EntityType="Microsoft.NAV.customer"/></EntityContainer></Schema></edmx:Edmx>"#;

const LOYALTY: &str = r#"<edmx:Edmx xmlns:edmx="x"><Schema>
 <EntityType Name="loyaltyCard"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/><Property Name="number" Type="Edm.String"/><Property Name="points" Type="Edm.Int32"/>
  <NavigationProperty Name="loyaltyEntries" Type="Collection(Microsoft.NAV.loyaltyEntry)"/></EntityType>
 <EntityType Name="loyaltyEntry"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/><Property Name="points" Type="Edm.Int32"/></EntityType>
 <EntityContainer><EntitySet Name="loyaltyCards" EntityType="Microsoft.NAV.loyaltyCard"/><EntitySet Name="loyaltyEntries" EntityType="Microsoft.NAV.loyaltyEntry"/></EntityContainer></Schema></edmx:Edmx>"#;

fn api() -> ApiName {
    "contoso/loyalty/v1.0".parse().unwrap()
}

/// One thing after the other, so that the script's order holds: metadata, then captions, of one API after the other.
fn client(script: &Script) -> Client {
    let access = Access { target: script.target(), bearer: Arc::new(FixedToken::new(Secret::new("t".into()))) };
    Client::new(access, Arc::new(Intents::default()), Arc::new(SystemClock::new()), Limits { at_once: 1, ..limits() }).unwrap()
}

fn shapes() -> [Reply; 4] {
    let captions =
        r#"{"value":[{"entityName":"customer","properties":[{"name":"favouriteColour","captions":[{"languageCode":1030,"caption":"Yndlingsfarve"}]}]}]}"#;
    [ok(STANDARD), ok(captions), ok(LOYALTY), refusal(404, "BadRequest_ResourceNotFound")]
}

#[tokio::test]
async fn what_an_environment_has_is_learned_and_used() {
    let row = format!(r#"{{"value":[{{"id":"{ID}","number":"L1","points":7}}]}}"#);
    let more = format!(r#"{{"@odata.nextLink":"{{root}}/../contoso/loyalty/v1.0/companies({COMPANY})/loyaltyCards?$skiptoken=1","value":[{{"id":"{ID}"}}]}}"#);
    let script = Script::new(shapes().into_iter().chain([ok(more), ok(row.clone()), ok(row)])).await;
    let (client, cancel) = (client(&script), CancellationToken::new());
    assert!(client.query(&Query::of(SetPath::of("contoso/loyalty/v1.0/loyaltyCards").unwrap()), &cancel).await.is_err(), "not known yet");

    client.speak(Language::parse("da-DK").unwrap());
    let learned = client.learn(&[api()], &cancel).await.unwrap();
    assert_eq!((learned.known, learned.failed), (vec![api()], vec![]));
    assert_eq!(client.catalogue().find("customers").unwrap().property("favouriteColour").unwrap().caption, "Yndlingsfarve");
    assert!(client.catalogue().lacks("vendors"));
    let lines: Vec<String> = script.seen().iter().map(|seen| seen.line.clone()).collect();
    assert_eq!(
        lines,
        ["$metadata", "entityDefinitions", "$metadata", "entityDefinitions"]
            .iter()
            .enumerate()
            .map(|(n, what)| format!("GET /v2.0/demo/api/{}/{what} HTTP/1.1", if n < 2 { "v2.0" } else { "contoso/loyalty/v1.0" }))
            .collect::<Vec<_>>()
    );
    assert_eq!(script.seen()[0].header("accept"), Some("application/xml"));
    let asked: Vec<Option<String>> = script.seen().iter().map(|seen| seen.header("accept-language").map(str::to_owned)).collect();
    assert_eq!(asked[..2], [None, Some("da-DK, da;q=0.9, en;q=0.5".to_owned())], "captions are asked for in the person's language");

    let mut query = Query::of(SetPath::of("contoso/loyalty/v1.0/loyaltyCards").unwrap()).filtered(Filter::parse("points ge 5").unwrap());
    query.expand = vec![Expand::all("loyaltyEntries")];
    assert_eq!(client.query(&query, &cancel).await.unwrap().rows.len(), 2);
    assert_eq!(
        script.seen()[4].line,
        format!("GET /v2.0/demo/api/contoso/loyalty/v1.0/companies({COMPANY})/loyaltyCards?$filter=points%20ge%205&$expand=loyaltyEntries HTTP/1.1")
    );
    assert!(script.seen()[5].line.ends_with("loyaltyCards?$skiptoken=1 HTTP/1.1"));

    let missing = client.query(&Query::of(SetPath::of("vendors").unwrap()), &cancel).await.unwrap_err();
    assert!(missing.to_string().contains("This environment has no vendors"), "{missing}");
    assert!(client.query(&Query::of(SetPath::of("customers").unwrap()).filtered(Filter::parse("favouriteColour eq 'blue'").unwrap()), &cancel).await.is_ok());
}

#[tokio::test]
async fn records_of_a_custom_api_are_written_where_they_stand() {
    let script = Script::new([Reply::Answer(201, "", format!(r#"{{"id":"{ID}"}}"#))]).await;
    let (client, cancel) = (client(&script), CancellationToken::new());
    let card = RecordPath::of("contoso/loyalty/v1.0/loyaltyCards", ID).unwrap();
    for (method, path, tag, body) in [
        (Method::Post, card.set().to_string(), None, Some("{}")),
        (Method::Patch, card.to_string(), Some(ETAG), Some("{}")),
        (Method::Delete, card.to_string(), Some(ETAG), None),
        (Method::Post, card.action("redeem").unwrap(), None, None),
        (Method::Post, SetPath::below(&card, "loyaltyEntries").unwrap().to_string(), None, Some("{}")),
    ] {
        let request = script.request(method, &path, tag, body);
        client.write(permit(&request).await, &request, &cancel).await.unwrap();
        let below = path.strip_prefix("contoso/loyalty/v1.0/").unwrap();
        assert_eq!(script.seen().pop().unwrap().line, format!("{} /v2.0/demo/api/contoso/loyalty/v1.0/companies({COMPANY})/{below} HTTP/1.1", method.as_str()));
        let outcomes = client.write_batch(vec![(permit(&request).await, &request)], crate::Isolation::Snapshot, &cancel).await;
        assert!(matches!(outcomes[0], Err(WriteError::NotSent(NotSent::Malformed(_)))));
    }
    for crooked in ["contoso/loyalty/v1.0/../x", "contoso/loyalty/v1.0/a/b/v1.0/c", "contoso/../v1.0/x", "contoso/loyalty/v1.0/"] {
        let request = script.request(Method::Post, crooked, None, Some("{}"));
        assert!(matches!(client.write(permit(&request).await, &request, &cancel).await, Err(WriteError::NotSent(NotSent::Malformed(_)))), "{crooked}");
    }
}

#[tokio::test]
async fn what_cannot_be_learned_leaves_what_was_known() {
    let script = Script::new([ok("<html>Sign in</html>")]).await;
    let (client, cancel) = (client(&script), CancellationToken::new());
    assert!(client.learn(&[], &cancel).await.is_err());
    assert!(std::ptr::eq(client.catalogue(), Catalogue::embedded()));

    let [standard, captions, ..] = shapes();
    let script = Script::new([standard.clone(), captions.clone(), ok("nonsense"), ok("{}"), standard, captions]).await;
    let client = self::client(&script);
    let learned = client.learn(&[api()], &cancel).await.unwrap();
    assert!(learned.known.is_empty() && matches!(learned.failed.as_slice(), [(failed, BcError::Unexpected { .. })] if *failed == api()));
    let first = client.catalogue();
    client.learn(&[], &cancel).await.unwrap();
    assert!(std::ptr::eq(client.catalogue(), first), "the same again is kept once");
}

fn list(rows: &[String]) -> Reply {
    ok(format!(r#"{{"value":[{}]}}"#, rows.join(",")))
}

async fn names(script: &Script) -> Vec<String> {
    client(script).offered_apis(&CancellationToken::new()).await.unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_environment_tells_which_custom_apis_it_has() {
    let routes = [("contoso", "loyalty", "v1.0"), ("fabrikam", "rent", "beta"), ("", "", "v2.0"), ("Microsoft", "automation", "v2.0"), ("..", "x", "v1.0")];
    let routes: Vec<String> = routes
        .iter()
        .map(|(publisher, group, version)| {
            format!(r#"{{"route":"{publisher}/{group}/{version}","publisher":"{publisher}","group":"{group}","version":"{version}"}}"#)
        })
        .collect();
    let resources = [
        "contoso/loyalty/v1.0/loyaltyEntries",
        "v2.0/customers",
        "/api/fabrikam/fleet/v2.1/companies(x)/cars",
        "/api/microsoft/automation/v2.0/companies(x)/users",
        "nonsense",
    ];
    let resources: Vec<String> = resources.iter().map(|resource| format!(r#"{{"resource":"{resource}"}}"#)).collect();
    let script = Script::new([list(&routes), list(&resources)]).await;
    assert_eq!(names(&script).await, ["contoso/loyalty/v1.0", "fabrikam/fleet/v2.1", "fabrikam/rent/beta"]);
    let lines: Vec<String> = script.seen().iter().map(|seen| seen.line.clone()).collect();
    let webhooks = format!("GET /v2.0/demo/api/microsoft/runtime/beta/companies({COMPANY})/webhookSupportedResources HTTP/1.1");
    assert_eq!(lines, ["GET /v2.0/demo/api/v2.0/apicategoryroutes HTTP/1.1".to_owned(), webhooks]);

    let none = || refusal(404, "BadRequest_ResourceNotFound");
    assert_eq!(names(&Script::new([none(), list(&resources)]).await).await, ["contoso/loyalty/v1.0", "fabrikam/fleet/v2.1"], "the one list will do");
    assert_eq!(names(&Script::new([list(&routes), none()]).await).await, ["contoso/loyalty/v1.0", "fabrikam/rent/beta"], "and so will the other");
    let script = Script::new([none(), none()]).await;
    assert!(matches!(client(&script).offered_apis(&CancellationToken::new()).await, Err(BcError::NotFound { .. })));
}
