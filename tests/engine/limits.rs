//! Input that is off, and a model that never stops.

use bca_protocol::{ErrorCode, StopReason};
use bca_testkit::{Books, Events, Home, ScriptedModel, Turn};
use serde_json::json;

use crate::support::stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_mebibyte_is_sent_and_one_byte_more_is_not() {
    let stage = stage(vec![]).await;
    let most = "a".repeat(1 << 20);
    let (stop, _, _) = stage.running.ask(None, &most).await;
    assert_eq!(stop, StopReason::EndTurn);
    assert!(stage.model.last().body.contains(&most));
    for text in [format!("{most}b"), String::new(), " \n\t".into()] {
        let events = Events::new();
        let fault = stage.running.app.send(None, text, events.clone()).await.err().unwrap();
        assert_eq!(fault.code, ErrorCode::InvalidInput);
        assert!(events.all().is_empty());
    }
    assert_eq!((stage.model.seen().len(), stage.running.app.sessions().await.unwrap().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_never_stops_is_stopped() {
    let model = ScriptedModel::serve_with(|_| Turn::calls(&[("again", "bc_get_schema", json!({"entity": "customers"}))])).await;
    let (home, books) = (Home::new(), Books::open().await);
    let running = home.own(&books, &model).await;
    let (stop, _, session) = running.ask(None, "Go on").await;
    assert_eq!((stop, model.seen().len()), (StopReason::MaxTurns, 20));
    model.last().assert_well_formed();
    assert_eq!(running.app.session(session).await.unwrap().runs[0].turns, 20);
}
