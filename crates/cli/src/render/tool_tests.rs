#![allow(clippy::unwrap_used)]
use super::*;

fn told(tool: &str, input: &str, status: ToolCallStatus, output: &str) -> String {
    let (input, output) = (RawJson::parse(input.to_owned()).unwrap(), RawJson::parse(output.to_owned()).unwrap());
    line(&Ended { tool, input: &input, status, output: &output, duration_ms: 84 })
}

#[test]
fn a_read_tells_the_set_and_how_many_rows() {
    let input = r#"{"entity":"customers","filter":"balanceDue gt 0"}"#;
    assert_eq!(told("bc_query_entities", input, ToolCallStatus::Ok, r#"{"rows":[{},{}],"shown":2,"truncated":false}"#), "customers · 2 rows · 84 ms");
    assert_eq!(told("bc_query_entities", input, ToolCallStatus::Ok, r#"{"rows":[{}],"truncated":true}"#), "customers · 1 row · more exist · 84 ms");
    assert_eq!(told("bc_query_entities", input, ToolCallStatus::Ok, r#"{"count":40,"rows":[],"truncated":true}"#), "customers · 0 rows · 40 in all · 84 ms");
}

#[test]
fn a_write_tells_what_it_did_and_what_came_of_it() {
    let confirmed = told("bc_create_entity", r#"{"entity":"customers","data":{}}"#, ToolCallStatus::Ok, r#"{"status":"confirmed","record":{}}"#);
    assert_eq!(confirmed, "create customers · confirmed · 84 ms");
    let posted = told("bc_invoke_action", r#"{"entity":"salesInvoices","id":"1","action":"post"}"#, ToolCallStatus::Rejected, "{}");
    assert_eq!(posted, "post salesInvoices · rejected · 84 ms");
}

#[test]
fn an_error_tells_its_sentence_and_nothing_reaches_the_terminal() {
    let failed = told("bc_query_entities", r#"{"entity":"customers"}"#, ToolCallStatus::Error, r#"{"error":{"code":"x","message":"No such \u001b[2Jfield."}}"#);
    assert_eq!(failed, "customers · error: No such \\u{1b}[2Jfield. · 84 ms");
}

#[test]
fn a_tool_that_nobody_knows_and_broken_input_are_told_as_they_are() {
    assert_eq!(told("strange\u{202e}", "\"not an object\"", ToolCallStatus::Ok, "null"), "strange\\u{202e} · 84 ms");
    assert_eq!(told("bc_query_entities", "{}", ToolCallStatus::Ok, "null"), "bc_query_entities · 84 ms");
}
