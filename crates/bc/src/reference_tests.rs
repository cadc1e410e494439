#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bca_approval::{Method, Target};

use super::*;

const ID: &str = "5d115c9c-44e3-ea11-bb43-000d3a2feca1";

fn request(path: &str, if_match: Option<&str>, body: Option<&str>) -> CanonicalRequest {
    let target = Target { root: "https://x/api/v2.0".into(), tenant: String::new(), environment: String::new(), company_id: ID.into(), account: String::new() };
    CanonicalRequest { target, method: Method::Post, path: path.into(), if_match: if_match.map(str::to_owned), body: body.map(str::to_owned) }
}

fn result(etag: Option<&str>) -> EarlierResult {
    EarlierResult { id: RecordId::parse(ID).unwrap(), etag: etag.map(str::to_owned) }
}

#[test]
fn a_reference_stands_in_path_body_and_version_and_nothing_else_changes() {
    let (one, two) = (ChangeId::new(), ChangeId::new());
    let (a, b) = (Reference::to(one), Reference::to(two));
    let body = format!(r#"{{"itemId":"{b}","quantity":1.50,  "note":"see {b}","lines":[{{"x":"{a}"}}]}}"#);
    let symbolic = request(&format!("salesOrders({a})/salesOrderLines"), None, Some(&body));
    assert_eq!(references(&symbolic), BTreeSet::from([one, two]));
    let earlier = Earlier::from([(one, result(None)), (two, result(None))]);
    let resolved = resolve(&symbolic, &earlier).unwrap();
    assert_eq!(resolved.path, format!("salesOrders({ID})/salesOrderLines"));
    assert_eq!(resolved.body.unwrap(), format!(r#"{{"itemId":"{ID}","quantity":1.50,  "note":"see {b}","lines":[{{"x":"{ID}"}}]}}"#));

    let change = request(&format!("customers({a})"), Some(&a.to_string()), Some("{}"));
    assert_eq!(resolve(&change, &Earlier::from([(one, result(None))])), Err(UnresolvedReference { change: one }));
    let resolved = resolve(&change, &Earlier::from([(one, result(Some("W/\"1\"")))])).unwrap();
    assert_eq!((resolved.path.as_str(), resolved.if_match.as_deref()), (format!("customers({ID})").as_str(), Some("W/\"1\"")));
}

#[test]
fn a_missing_result_is_told_and_what_looks_alike_is_left_alone() {
    let one = ChangeId::new();
    assert_eq!(
        resolve(&request("customers", None, Some(&format!(r#"{{"a":"{}"}}"#, Reference::to(one)))), &Earlier::new()),
        Err(UnresolvedReference { change: one })
    );
    for text in ["{result:}", "{result:x}", "{result:5D115C9C-44E3-EA11-BB43-000D3A2FECA1}", "result", "{result:5d115c9c44e3ea11bb43000d3a2feca1}"] {
        let plain = request("customers", None, Some(&format!(r#"{{"displayName":"{text}"}}"#)));
        assert_eq!(resolve(&plain, &Earlier::new()).as_ref(), Ok(&plain), "{text}");
    }
    assert_eq!(Reference::parse(&Reference::to(one).to_string()), Some(Reference::to(one)));
}
