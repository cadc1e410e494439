//! What an environment has beside the standard API, and files, against the demo company with its extension.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::sync::Arc;

use bca_approval::{CanonicalRequest, Method};
use bca_auth::{FixedToken, Secret};
use bca_protocol::SystemClock;
use bca_sim::{Extension, Options};

use crate::{
    ApiName, BcError, EnvironmentKind, Filter, Language, Limits, MediaBody, MediaPath, Query, RecordPath, SetPath, company_tests::Demo, environments,
    script::permit,
};

/// 3 by 2 pixels.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0\x12\x16\xf1\x4d\0\0\0\0IEND\xaeB`\x82";

async fn extended() -> Demo {
    let mut options = Options::new("token");
    options.extension = Extension::Loyalty;
    Demo::with(options).await
}

#[tokio::test]
async fn an_extension_is_learned_asked_and_written() {
    let demo = extended().await;
    let api: ApiName = "contoso/loyalty/v1.0".parse().unwrap();
    assert_eq!(demo.client.offered_apis(&demo.cancel).await.unwrap(), vec![api.clone()], "nobody has to name it");
    demo.client.speak(Language::parse("da_DK.UTF-8").unwrap());
    let learned = demo.client.learn(std::slice::from_ref(&api), &demo.cancel).await.unwrap();
    assert_eq!((learned.known, learned.failed), (vec![api], vec![]));
    let catalogue = demo.client.catalogue();
    let tier = catalogue.find("customers").unwrap().property("loyaltyTier").unwrap();
    assert_eq!(tier.caption, "Loyalitetsniveau");
    assert!(catalogue.entities().all(|entity| !catalogue.lacks(&entity.set)), "the demo company has every set of the catalogue");
    let known = bca_catalogue::Catalogue::embedded();
    for entity in known.entities() {
        let here = catalogue.find(&entity.set).unwrap();
        assert!(entity.properties.iter().all(|p| here.property(&p.name).is_some_and(|now| now.kind == p.kind)), "{}", entity.set);
    }

    let mut customers = Query::of(SetPath::of("customers").unwrap()).filtered(Filter::parse("loyaltyTier ne ' ' or loyaltyTier eq ' '").unwrap());
    customers.select = vec!["id".into(), "number".into(), "loyaltyTier".into()];
    let customers = demo.client.query(&customers, &demo.cancel).await.unwrap().rows;
    let members = catalogue.find("loyaltyMembers").unwrap();
    assert_eq!(members.set, "contoso/loyalty/v1.0/loyaltyMembers");
    let all = Query::of(SetPath::of(&members.set).unwrap());
    let before = demo.client.query(&all, &demo.cancel).await.unwrap().rows;
    let taken: Vec<&str> = before.iter().filter_map(|row| row.text("customerNumber")).collect();
    let free = customers.iter().filter_map(|row| row.text("number")).find(|number| !taken.contains(number)).unwrap();

    let made = demo.write(Method::Post, &members.set, None, Some(&format!(r#"{{"customerNumber":"{free}"}}"#))).await.unwrap().record.unwrap();
    let path = RecordPath::of(&members.set, made.id().unwrap()).unwrap();
    let read = demo.client.get(&path, &[], &[], &demo.cancel).await.unwrap();
    assert_eq!(read.text("customerNumber"), Some(free));
    assert_eq!(demo.client.query(&all, &demo.cancel).await.unwrap().rows.len(), before.len() + 1);
    demo.write(Method::Delete, &path.to_string(), read.etag.as_deref(), None).await.unwrap();
    assert!(matches!(demo.client.get(&path, &[], &[], &demo.cancel).await, Err(BcError::NotFound { .. })));
}

#[tokio::test]
async fn a_picture_goes_up_and_comes_down() {
    let demo = Demo::new(&[]).await;
    let items = demo.client.query(&Query::of(SetPath::of("items").unwrap()), &demo.cancel).await.unwrap().rows;
    let record = RecordPath::of("items", items[0].id().unwrap()).unwrap();
    let path = MediaPath::find(demo.client.catalogue(), &record, "picture").unwrap();
    let mut file = Vec::new();
    assert!(matches!(demo.client.download(&path, &mut file, 1_000, &demo.cancel).await, Err(BcError::NotFound { .. })));

    let version = demo.client.media_version(&path, &demo.cancel).await.unwrap();
    let request = CanonicalRequest {
        target: demo.client.target().clone(),
        method: Method::Patch,
        path: path.to_string(),
        if_match: version,
        body: Some(MediaBody::of(PNG, "image/png").to_body()),
    };
    demo.client.upload(permit(&request).await, &request, PNG.to_vec(), &crate::Earlier::default(), &demo.cancel).await.unwrap();
    let done = demo.client.download(&path, &mut file, 1_000, &demo.cancel).await.unwrap();
    assert_eq!((file.as_slice(), done.bytes, done.content_type.as_str()), (PNG, PNG.len() as u64, "image/png"));
    let stale = demo.client.upload(permit(&request).await, &request, PNG.to_vec(), &crate::Earlier::default(), &demo.cancel).await;
    assert!(matches!(stale, Err(crate::WriteError::Changed(_))), "{stale:?}");
}

#[tokio::test]
async fn the_environments_of_the_tenant_are_listed() {
    let demo = Demo::new(&[]).await;
    let bearer = Arc::new(FixedToken::new(Secret::new("token".into())));
    let found = environments(&demo.company.base_url(), bearer, Arc::new(SystemClock::new()), Limits::default(), &demo.cancel).await.unwrap();
    let kinds: Vec<(&str, EnvironmentKind)> = found.iter().map(|e| (e.name.as_str(), e.kind)).collect();
    assert_eq!(kinds, [("Production", EnvironmentKind::Production), ("Sandbox", EnvironmentKind::Sandbox)]);
}
