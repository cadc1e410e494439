#![allow(clippy::unwrap_used, clippy::panic)]
use bca_approval::{CanonicalRequest, Method, PlannedWrite, Target};
use bca_protocol::{ChangeId, ChangePreview, Connection, ConnectionKind, RawJson, RunId, SessionId};
use serde_json::json;

use super::*;
use crate::OpenOptions;

fn set(name: &str, account: &str) -> ChangeSet {
    let target = Target { root: "r".into(), tenant: String::new(), environment: "e".into(), company_id: "c".into(), account: account.into() };
    let (path, body) = (format!("{name}(5d115c9c-44e3-ea11-bb43-000d3a2feca1)"), Some(r#"{"displayName":"B"}"#.to_owned()));
    let request = CanonicalRequest { target, method: Method::Patch, path, if_match: Some("W/\"1\"".into()), body };
    let preview = json!({
        "change_id": ChangeId::new(), "call_id": "call_1", "operation": "update", "action": null, "effect": "write", "entity": name,
        "key": "5d115c9c-44e3-ea11-bb43-000d3a2feca1", "title": "Change", "fields": [], "notes": [], "undo": {"kind": "yes", "how": "Set it back."},
        "undoes": null, "conflicts": [], "method": request.method.as_str(), "path": request.path, "if_match": request.if_match, "body": request.body,
        "digest": request.digest(),
    });
    let preview: ChangePreview = serde_json::from_value(preview).unwrap();
    let connection = Connection {
        name: "main".into(),
        kind: ConnectionKind::Sandbox,
        tenant: String::new(),
        environment: "e".into(),
        company: "Company".into(),
        company_id: "c".into(),
        account: account.into(),
    };
    let before = Some(RawJson::parse(r#"{"displayName":"A"}"#.to_owned()).unwrap());
    let writes = vec![PlannedWrite { request, preview, before }];
    ChangeSet { session_id: SessionId::new(), run_id: RunId::new(), connection, title: Some("Names".into()), writes }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

#[tokio::test]
async fn a_trial_is_found_again_whole_by_whoever_comes_after_its_process() {
    let home = tempfile::tempdir().unwrap();
    let (db, _) = Db::open(home.path(), OpenOptions::default()).unwrap();
    let (trial, set) = (TrialId::new(), set("customers", "a"));
    db.trial_begun(trial, &set, at(5)).await.unwrap();
    let (other, recovery) = Db::open(home.path(), OpenOptions::default()).unwrap();
    assert!(recovery.is_empty() && other.open_trials().await.unwrap().is_empty(), "its process lives and looks at it itself");
    drop(db);
    assert_eq!(other.recover().await.unwrap().open_trials, [trial]);
    let [open] = &other.open_trials().await.unwrap()[..] else { panic!("one is open") };
    assert_eq!((open.trial_id, open.begun_at, &open.set.writes, &open.answered[..]), (trial, at(5), &set.writes, &[None][..]));
    assert_eq!((open.set.session_id, open.set.run_id, &open.set.connection, &open.set.title), (set.session_id, set.run_id, &set.connection, &set.title));
    assert!(other.trial_settled(trial).await.unwrap());
    assert!(!other.trial_settled(trial).await.unwrap() && other.open_trials().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_stayed_is_said_by_one_process_and_told_for_a_week() {
    let home = tempfile::tempdir().unwrap();
    let (db, _) = Db::open(home.path(), OpenOptions::default()).unwrap();
    let now = Timestamp::now();
    let week_ago = now.checked_sub(TOLD_FOR).unwrap().checked_sub(SignedDuration::from_secs(1)).unwrap();
    for found in [now, week_ago] {
        let (trial, set) = (TrialId::new(), set("customers", "a"));
        db.trial_begun(trial, &set, at(5)).await.unwrap();
        assert!(!db.trial_stayed(trial, "A customer stayed.", found).await.unwrap(), "its process has not given it up");
        assert!(db.trial_open(trial, vec![Some("id".into())]).await.unwrap());
        assert_eq!(db.open_trials().await.unwrap()[0].answered, [Some("id".to_owned())]);
        assert!(db.trial_stayed(trial, "A customer stayed.", found).await.unwrap());
        assert!(!db.trial_stayed(trial, "A customer stayed.", found).await.unwrap() && !db.trial_settled(trial).await.unwrap());
    }
    let alarms = db.trial_alarms().await.unwrap();
    assert_eq!(alarms.iter().map(|alarm| alarm.sentence.as_str()).collect::<Vec<_>>(), ["A customer stayed."]);
    assert!(db.open_trials().await.unwrap().is_empty());
    db.erase(None).await.unwrap();
    assert!(db.trial_alarms().await.unwrap().is_empty());
}
