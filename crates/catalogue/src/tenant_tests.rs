#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bca_protocol::{Effect, Json};

use super::*;
use crate::{Language, Operation, Parented, Proposal, edmx::tests::LOYALTY};

/// `$metadata` of the standard API as the embedded facts have it, with changes.
fn standard(without_sets: &[&str], without_properties: &[&str], more: &str) -> Edmx {
    let catalogue = Catalogue::embedded();
    let (mut types, mut sets) = (String::new(), String::new());
    for entity in catalogue.entities().filter(|e| !without_sets.contains(&e.set.as_str())) {
        let properties: String = entity
            .properties
            .iter()
            .filter(|p| !without_properties.contains(&p.name.as_str()))
            .map(|p| format!(r#"<Property Name="{}" Type="{}"/>"#, p.name, if p.edm_type == "enum" { "Microsoft.NAV.any" } else { &p.edm_type }))
            .collect();
        let more = if entity.set == "customers" { more } else { "" };
        types.push_str(&format!(r#"<EntityType Name="{}"><Key><PropertyRef Name="id"/></Key>{properties}{more}</EntityType>"#, entity.name));
        sets.push_str(&format!(r#"<EntitySet Name="{}" EntityType="Microsoft.NAV.{}"/>"#, entity.set, entity.name));
    }
    let newer = r#"<EntityType Name="transferOrder"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/><Property Name="number" Type="Edm.String"/></EntityType>"#;
    let text = format!(
        r#"<Schema>{types}{newer}<EnumType Name="any"><Member Name="Contoso_x0020_Only"/></EnumType><EntityContainer>{sets}<EntitySet Name="transferOrders" EntityType="Microsoft.NAV.transferOrder"/></EntityContainer></Schema>"#
    );
    Edmx::parse(&text).unwrap()
}

fn tenant() -> Catalogue {
    let definitions = Definitions::read(
        r#"{"value":[{"entityName":"customer","entitySetCaptions":[{"languageCode":1033,"caption":"Customers"},{"languageCode":1030,"caption":"Debitorer"}],
        "properties":[{"name":"city","captions":[{"languageCode":1030,"caption":"By"}]},{"name":"favouriteColour","captions":[{"languageCode":1030,"caption":"Yndlingsfarve"}]}]},{"no":"name"}]}"#,
        Language::parse("da-DK").as_ref(),
    );
    let metadata = standard(&["opportunities"], &["taxLiable"], r#"<Property Name="favouriteColour" Type="Edm.String" MaxLength="30"/>"#);
    let custom = ApiShape { metadata: Edmx::parse(LOYALTY).unwrap(), definitions: Definitions::default() };
    let shape = TenantShape { standard: Some(ApiShape { metadata, definitions }), custom: vec![("contoso/loyalty/v1.0".parse().unwrap(), custom)] };
    Catalogue::for_tenant(&shape).unwrap()
}

#[test]
fn an_environment_has_more_and_less_than_the_embedded_facts() {
    let tenant = tenant();
    let customers = tenant.find("customers").unwrap();
    assert_eq!(customers.title, "Debitorer");
    assert_eq!(customers.property("city").unwrap().caption, "By");
    let colour = customers.property("favouriteColour").unwrap();
    assert_eq!((colour.caption.as_str(), colour.max_length, &colour.kind, colour.read_only), ("Yndlingsfarve", Some(30), &PropertyKind::String, false));
    assert!(customers.property("taxLiable").is_none(), "this environment's release lacks it");
    assert_eq!(
        customers.property("creditLimit").unwrap().description,
        Catalogue::embedded().find("customers").unwrap().property("creditLimit").unwrap().description
    );
    assert!(
        matches!(&customers.property("blocked").unwrap().kind, PropertyKind::Enum(members) if members.contains(&"All".to_owned()) && members.contains(&"Contoso Only".to_owned()))
    );
    assert!(tenant.lacks("opportunities") && tenant.lacks("Opportunity") && !tenant.lacks("customers"));
    assert!(!Catalogue::embedded().lacks("opportunities"));
    let data = Json::parse(r#"{"displayName":"A","favouriteColour":"blue"}"#).unwrap();
    let proposal = Proposal { entity: "customers", operation: &Operation::Create, id: None, parented: Parented::No, data: Some(&data) };
    assert!(tenant.validate(&proposal).is_valid());
    assert!(!Catalogue::embedded().validate(&proposal).is_valid());
}

#[test]
fn a_set_of_a_newer_release_is_there_where_it_is_offered_and_only_for_reading() {
    assert!(Catalogue::embedded().find("transferOrders").is_none());
    let tenant = tenant();
    let orders = tenant.find("transfer orders").unwrap();
    assert_eq!((orders.set.as_str(), orders.methods.as_slice(), orders.since.as_str()), ("transferOrders", [Method::Get].as_slice(), "29"));
    assert_eq!(tenant.effect("transferOrders", &Operation::Update), Effect::Destructive);
    assert_eq!(tenant.search("transfer orders", 1)[0].entity.set, "transferOrders");
}

#[test]
fn a_custom_api_is_like_any_other_but_every_write_to_it_is_destructive() {
    let tenant = tenant();
    let cards = tenant.find("loyaltyCards").unwrap();
    assert_eq!(cards.set, "contoso/loyalty/v1.0/loyaltyCards");
    assert_eq!(tenant.find("contoso/loyalty/v1.0/loyaltyCards").unwrap().set, cards.set);
    assert_eq!(cards.methods, [Method::Get, Method::Post, Method::Patch]);
    assert!(matches!(&cards.property("level").unwrap().kind, PropertyKind::Enum(members) if *members == [" ", "Very Good"]));
    assert!(cards.property("points").unwrap().read_only && cards.property("lastModifiedDateTime").unwrap().read_only && cards.property("odd").is_none());
    assert_eq!(cards.navigation("loyaltyEntries").unwrap().target_set, "contoso/loyalty/v1.0/loyaltyEntries");
    assert_eq!(tenant.find("loyaltyEntries").unwrap().parents[0].set, cards.set);
    assert_eq!(cards.action("redeem").unwrap().name, "redeem");
    let sales = tenant.find("loyaltySales").unwrap();
    assert_eq!((sales.kind, sales.methods.as_slice()), (EntityKind::Query, [Method::Get].as_slice()));
    for operation in [Operation::Create, Operation::Update, Operation::Delete, Operation::Action("redeem".into())] {
        assert_eq!(tenant.effect("loyaltyCards", &operation), Effect::Destructive, "{operation}");
        assert_eq!(tenant.undo(&cards.set, &operation).word(), "irreversible");
    }
    assert_eq!(tenant.search("loyalty cards", 1)[0].entity.set, cards.set);
}

#[test]
fn names_of_apis_are_checked() {
    for good in ["contoso/loyalty/v1.0", "a_b/c-d/beta", " contoso/loyalty/v2.10/ "] {
        assert!(good.parse::<ApiName>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "contoso",
        "contoso/loyalty",
        "contoso/loyalty/1.0",
        "contoso/loyalty/v1",
        "../loyalty/v1.0",
        "a/b/v1.0/c",
        "a b/c/v1.0",
        "a/%2e/v1.0",
        "a/b/v1.0?x",
        "a/b/vx.y",
    ] {
        assert!(bad.parse::<ApiName>().is_err(), "{bad}");
    }
    let (api, rest) = ApiName::split("contoso/loyalty/v1.0/loyaltyCards(x)/loyaltyEntries").unwrap();
    assert_eq!((api.as_str(), rest), ("contoso/loyalty/v1.0", "loyaltyCards(x)/loyaltyEntries"));
    assert_eq!(ApiName::split("salesOrders(x)/salesOrderLines(y)/item/picture"), None);
}

#[test]
fn a_scope_holds_for_what_runs_in_it_and_for_nothing_else() {
    let tenant = tenant().keep();
    assert!(Catalogue::get().find("loyaltyCards").is_none());
    tenant.within(|| {
        assert!(Catalogue::get().find("loyaltyCards").is_some());
        Catalogue::embedded().within(|| assert!(Catalogue::get().find("loyaltyCards").is_none()));
        assert!(Catalogue::get().find("loyaltyCards").is_some());
    });
    let mut turns = 0;
    let mut future = tenant.scope(std::future::poll_fn(move |_| {
        turns += 1;
        assert!(Catalogue::get().find("loyaltyCards").is_some());
        if turns < 3 { Poll::Pending } else { Poll::Ready(turns) }
    }));
    let mut context = Context::from_waker(std::task::Waker::noop());
    for _ in 0..2 {
        assert!(Pin::new(&mut future).poll(&mut context).is_pending());
        assert!(Catalogue::get().find("loyaltyCards").is_none(), "between two polls others run");
    }
    assert_eq!(Pin::new(&mut future).poll(&mut context), Poll::Ready(3));
    let thrown = std::panic::catch_unwind(|| tenant.within(|| panic!("on purpose")));
    assert!(thrown.is_err() && Catalogue::get().find("loyaltyCards").is_none());
}
