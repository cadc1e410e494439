#![allow(clippy::unwrap_used)]
use super::*;
use crate::OpenOptions;

fn target(root: &str) -> Target {
    Target { root: root.into(), tenant: String::new(), environment: String::new(), company_id: "c".into(), account: "a".into() }
}

#[tokio::test]
async fn what_was_found_is_kept_by_environment_and_set_and_the_last_finding_holds() {
    let home = tempfile::tempdir().unwrap();
    let (db, _) = Db::open(home.path(), OpenOptions::default()).unwrap();
    let (one, other) = (target("https://api.example.com/v2.0/t/sandbox/api/v2.0"), target("https://api.example.com/v2.0/t/production/api/v2.0"));
    assert_eq!(db.known(&one, "customers").await.unwrap(), None);
    db.found(&one, "customers", OwnIds::Kept, Timestamp::UNIX_EPOCH).await.unwrap();
    db.found(&one, "items", OwnIds::NotKept, Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(db.known(&one, "customers").await.unwrap(), Some(OwnIds::Kept));
    assert_eq!(db.known(&one, "items").await.unwrap(), Some(OwnIds::NotKept));
    assert_eq!((db.known(&other, "customers").await.unwrap(), db.known(&one, "vendors").await.unwrap()), (None, None));
    db.found(&one, "customers", OwnIds::NotKept, Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(db.known(&one, "customers").await.unwrap(), Some(OwnIds::NotKept));
}

#[tokio::test]
async fn a_server_on_this_computer_is_the_same_one_on_another_port() {
    let home = tempfile::tempdir().unwrap();
    let (db, _) = Db::open(home.path(), OpenOptions::default()).unwrap();
    db.found(&target("http://127.0.0.1:4001/api/v2.0"), "customers", OwnIds::Kept, Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(db.known(&target("http://127.0.0.1:4002/api/v2.0"), "customers").await.unwrap(), Some(OwnIds::Kept));
    assert_eq!(db.known(&target("http://127.0.0.1:4002/other/api/v2.0"), "customers").await.unwrap(), None);
}
