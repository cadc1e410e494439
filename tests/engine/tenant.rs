//! What an environment has of its own, and reading: custom sets, answers that are kept, files, comparisons, overdue spans.

use bca_app::Key;
use bca_protocol::{Effect, Priority, ReviewVerdict, StopReason, ToolCallStatus};
use bca_sim::Extension;
use bca_testkit::{Books, Turn};
use serde_json::{Value, json};

use crate::support::{CREATE, QUERY, Stage, UPDATE, ended, set, stage};

const SCHEMA: &str = "bc_get_schema";
const MEMBERS: &str = "contoso/loyalty/v1.0/loyaltyMembers";

/// Books with the loyalty programme of a partner.
async fn extended(turns: Vec<Turn>) -> Stage {
    let books = Books::with(|mut options| {
        options.extension = Extension::Loyalty;
        options
    })
    .await;
    // Nobody has to name the programme's API: the environment tells of it.
    set(books, turns).await
}

fn call(id: &str, tool: &str, input: Value) -> Turn {
    Turn::calls(&[(id, tool, input)])
}

fn query(id: &str, input: Value) -> Turn {
    call(id, QUERY, input)
}

/// What the call answered, which went well.
fn answered(events: &bca_testkit::Events, id: &str) -> Value {
    let (_, status, output) = ended(events).into_iter().find(|(call, _, _)| call == id).unwrap_or_else(|| panic!("{id} did not end"));
    assert_eq!(status, ToolCallStatus::Ok, "{id}: {}", output.as_str());
    serde_json::from_str(output.as_str()).unwrap()
}

/// How often the app read a set.
fn reads(stage: &Stage, set: &str) -> usize {
    let end = format!("/{set}");
    stage.books.requests().iter().filter(|request| request.method == "GET" && request.path.ends_with(&end)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_sets_are_found_asked_and_written_with_care() {
    let member = json!({"customerNumber": "20000", "tier": "Silver"});
    let stage = extended(vec![
        call("call_find", SCHEMA, json!({"search": "loyalty members"})),
        call("call_shape", SCHEMA, json!({"entity": "loyaltyMembers"})),
        query("call_before", json!({"entity": MEMBERS, "orderby": "points desc"})),
        query("call_field", json!({"entity": "customers", "select": ["number", "loyaltyTier"], "top": 1})),
        call("call_write", CREATE, json!({"entity": MEMBERS, "data": member})),
        query("call_after", json!({"entity": "loyaltyMembers", "filter": "customerNumber eq '20000'"})),
    ])
    .await;
    let (run, events) = stage.running.send(None, "Give customer 20000 a loyalty card").await;
    let question = events.question().await;
    assert_eq!((question.priority, question.changes[0].effect), (Priority::High, Effect::Destructive), "what nobody described is handled with care");
    assert_eq!(question.changes[0].entity, MEMBERS);
    assert!(question.changes[0].path.contains("loyaltyMembers") && stage.books.writes().is_empty());
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);

    let found = answered(&events, "call_find");
    assert!(found["matches"].as_array().unwrap().iter().any(|m| m["entity"] == MEMBERS), "{found}");
    let shape = answered(&events, "call_shape");
    let names: Vec<&str> = shape["properties"].as_array().unwrap().iter().filter_map(|p| p["name"].as_str()).collect();
    assert!(shape["entity"] == MEMBERS && ["tier", "points", "customerNumber"].iter().all(|name| names.contains(name)), "{shape}");
    let before = answered(&events, "call_before");
    let points: Vec<&Value> = before["rows"].as_array().unwrap().iter().map(|row| &row["points"]).collect();
    assert_eq!(points, [&json!(1200), &json!(450)], "{before}");
    assert!(answered(&events, "call_field")["rows"][0]["loyaltyTier"].is_string());
    let after = answered(&events, "call_after");
    let row = &after["rows"][0];
    assert_eq!((&row["tier"], &row["customerNumber"]), (&json!("Silver"), &json!("20000")), "{after}");
    assert_eq!(answered(&events, "call_write")["record"]["id"], row["id"], "the write was read back");
    assert_eq!(stage.books.writes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_environment_has_no_partners_sets() {
    let stage = stage(vec![query("call_a", json!({"entity": MEMBERS}))]).await;
    let (stop, events, _) = stage.running.ask(None, "Members?").await;
    let (_, status, output) = ended(&events).remove(0);
    assert_eq!((stop, status), (StopReason::EndTurn, ToolCallStatus::Error));
    assert!(output.as_str().contains("loyaltyMembers"), "{}", output.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_answers_tell_their_age_until_someone_refreshes_or_writes() {
    let look = json!({"entity": "customers", "select": ["number", "displayName"], "filter": "displayName eq 'Kept or not'"});
    let fresh = {
        let mut fresh = look.clone();
        fresh["refresh"] = json!(true);
        fresh
    };
    let other = json!({"entity": "paymentTerms", "top": 1});
    let stage = stage(vec![
        query("call_1", look.clone()),
        query("call_other", other.clone()),
        query("call_2", look.clone()),
        query("call_3", fresh),
        call("call_write", CREATE, json!({"entity": "customers", "data": {"displayName": "Kept or not"}})),
        query("call_4", look),
        query("call_again", other),
    ])
    .await;
    let (stop, events) = stage.approved().await;
    assert_eq!(stop, StopReason::EndTurn);
    let ages: Vec<bool> =
        ["call_1", "call_other", "call_2", "call_3", "call_4", "call_again"].iter().map(|id| !answered(&events, id)["age"].is_null()).collect();
    assert_eq!(ages, [false, false, true, false, false, false], "only the second of two equal reads without a write in between is a kept one");
    let kept = answered(&events, "call_2");
    let age = kept["age"].as_str().unwrap();
    assert!(age.starts_with("from ") && age.contains(" ago") && age.contains("refresh"), "{age}");
    assert_eq!(kept["rows"], answered(&events, "call_1")["rows"]);
    let rows = |id: &str| answered(&events, id)["rows"].as_array().unwrap().len();
    assert_eq!((rows("call_3"), rows("call_4")), (0, 1), "what was written is seen at once");
    assert_eq!(reads(&stage, "paymentTerms"), 2, "a write anywhere empties it all");
}

/// What a model was told of a file that was saved, and the file.
fn saved(stage: &Stage, told: &Value) -> Vec<u8> {
    let name = told["saved"]["file"].as_str().unwrap_or_else(|| panic!("{told}"));
    let file = stage.home.path().join("attachments").join(name);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "{name} is the owner's alone");
    }
    let bytes = std::fs::read(file).unwrap();
    assert_eq!(told["saved"]["bytes"], json!(bytes.len()));
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_saved_for_the_person_and_its_bytes_stay_from_the_model() {
    let books = Books::open().await;
    let posted: Value = serde_json::from_str(&books.read("salesInvoices?$filter=status eq 'Open'&$top=1&$select=id,number").await).unwrap();
    let (id, number) = (posted["value"][0]["id"].as_str().unwrap().to_owned(), posted["value"][0]["number"].as_str().unwrap().to_owned());
    let ask = json!({"entity": "salesInvoices", "id": id, "save": "pdfDocument"});
    let stage = set(books, vec![query("call_1", ask.clone()), query("call_2", ask)]).await;
    let (stop, events, session) = stage.running.ask(None, "Save that invoice").await;
    assert_eq!(stop, StopReason::EndTurn);
    let (first, second) = (answered(&events, "call_1"), answered(&events, "call_2"));
    let bytes = saved(&stage, &first);
    assert!(bytes.starts_with(b"%PDF-"), "{:?}", &bytes[..bytes.len().min(16)]);
    let (one, other) = (first["saved"]["file"].as_str().unwrap(), second["saved"]["file"].as_str().unwrap());
    assert!(one.contains(&number) && one.ends_with(".pdf"), "{one}");
    assert_ne!(one, other, "a file that is there is never written over");
    assert_eq!(saved(&stage, &second), bytes);
    assert!(stage.model.seen().iter().all(|seen| !seen.body.contains("%PDF")));
    stage.goes_on(session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_is_not_there_is_told_and_leaves_no_file() {
    let books = Books::open().await;
    let id = books.ids("items", 1).await.remove(0);
    let stage = set(books, vec![query("call_1", json!({"entity": "items", "id": id, "save": "picture"}))]).await;
    let (stop, events, _) = stage.running.ask(None, "Save the picture").await;
    let (_, status, output) = ended(&events).remove(0);
    assert_eq!((stop, status), (StopReason::EndTurn, ToolCallStatus::Error), "{}", output.as_str());
    let left = std::fs::read_dir(stage.home.path().join("attachments")).map(Iterator::count).unwrap_or_default();
    assert_eq!(left, 0);
}

/// A number of a JSON answer in hundredths, for sums that a test makes itself.
fn hundredths(value: &Value) -> i128 {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part: i128 = format!("{part:0<2}")[..2].parse().unwrap();
    assert!(digits.split_once('.').is_none_or(|(_, part)| part.trim_end_matches('0').len() <= 2), "{text}");
    sign * (whole.parse::<i128>().unwrap() * 100 + part)
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_are_compared_and_what_is_overdue_falls_into_spans() {
    let books = Books::open().await;
    let open = "status eq 'Open'";
    let stage = set(
        books,
        vec![
            query("call_compare", json!({"entity": "salesInvoices", "compare": "remainingAmount lt totalAmountIncludingTax", "filter": open, "top": 1000})),
            query(
                "call_overdue",
                json!({"entity": "salesInvoices", "filter": open, "aggregate": {"op": "sum", "property": "remainingAmount", "overdue": "dueDate"}}),
            ),
        ],
    )
    .await;
    let (stop, events, _) = stage.running.ask(None, "What is overdue?").await;
    assert_eq!(stop, StopReason::EndTurn);

    let text = stage.books.read(&format!("salesInvoices?$filter={open}&$select=id,dueDate,remainingAmount,totalAmountIncludingTax")).await;
    let truth: Value = serde_json::from_str(&text).unwrap();
    let all = truth["value"].as_array().unwrap();
    let part_paid = |row: &&Value| hundredths(&row["remainingAmount"]) < hundredths(&row["totalAmountIncludingTax"]);
    let mut expected: Vec<&str> = all.iter().filter(part_paid).map(|row| row["id"].as_str().unwrap()).collect();
    let compared = answered(&events, "call_compare");
    let mut got: Vec<&str> = compared["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    expected.sort_unstable();
    got.sort_unstable();
    assert!(!expected.is_empty() && expected.len() < all.len());
    assert_eq!((got, &compared["rows_read"]), (expected, &json!(all.len())));

    let overdue = answered(&events, "call_overdue");
    let groups = overdue["groups"].as_array().unwrap();
    let names: Vec<&str> = groups.iter().filter_map(|group| group["by"]["overdue"].as_str()).collect();
    let order = ["not due", "1-30 days", "31-60 days", "61-90 days", "over 90 days"];
    assert_eq!(names, order.into_iter().filter(|name| names.contains(name)).collect::<Vec<_>>(), "in the order of days: {overdue}");
    assert!(names.len() > 1, "{overdue}");
    let total: i128 = groups.iter().map(|group| hundredths(&group["value"])).sum();
    assert_eq!(total, all.iter().map(|row| hundredths(&row["remainingAmount"])).sum::<i128>(), "to the cent");
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_and_messages_are_in_the_persons_language() {
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let change = json!({"entity": "customers", "id": id, "data": {"city": "Odense"}});
    let stage =
        set(books, vec![call("call_a", UPDATE, change), query("call_b", json!({"entity": "customers", "top": 1, "select": ["city"]})), Turn::text("Ok.")])
            .await;
    stage.running.app.set_setting(Key::Language, Some("da-DK")).await.unwrap();
    let (stop, events) = stage.approved().await;
    assert_eq!(stop, StopReason::EndTurn);
    assert_eq!(events.question().await.changes[0].fields[0].caption, "By");
    let answer = answered(&events, "call_b");
    assert_eq!(answer["captions"], json!({"customers": "Debitorer", "city": "By"}), "{answer}");
    assert_eq!(stage.books.writes()[0].accept_language.as_deref(), Some("da-DK, da;q=0.9, en;q=0.5"));
    let rows = stage.books.requests().into_iter().filter(|request| request.method == "GET" && request.path.ends_with("/customers"));
    assert!(rows.into_iter().all(|request| request.accept_language.is_none()), "numbers that come as text follow the language");

    // Another language from now on; one that is none is refused.
    stage.running.app.set_setting(Key::Language, Some("de-AT")).await.unwrap();
    stage.running.app.set_setting(Key::Language, Some("Klingon, please")).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_over_the_aged_reports_leave_their_own_total_out() {
    let total = json!({"entity": "agedAccountsReceivables", "aggregate": {"op": "sum", "property": "balanceDue"}});
    let balances = json!({"entity": "customers", "aggregate": {"op": "sum", "property": "balanceDue"}});
    let stage = stage(vec![query("call_a", total), query("call_b", balances), Turn::text("Ok.")]).await;
    let (_, events, _) = stage.running.ask(None, "Go on").await;
    let value = |id: &str| answered(&events, id)["groups"][0]["value"].clone();
    assert_eq!(value("call_a"), value("call_b"));
}
