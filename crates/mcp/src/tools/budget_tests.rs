//! What the model pays for the tools, in tokens (bytes / 4).
#![allow(clippy::unwrap_used)]
use super::*;

fn tokens(text: &str) -> usize {
    text.len() / 4
}

#[test]
fn the_eight_tools_stay_under_3000_tokens() {
    let tools: Vec<String> = Tool::ALL
        .into_iter()
        .map(definition)
        .map(|tool| format!("{}{}{}", tool.name, tool.description.unwrap_or_default(), serde_json::to_string(&*tool.input_schema).unwrap()))
        .collect();
    let all = tools.concat();
    assert!(tokens(&all) < 3_000, "{} tokens: {all}", tokens(&all));
}

#[tokio::test]
async fn every_schema_answer_stays_under_1500_tokens_by_default() {
    let over: Vec<(String, usize)> = Catalogue::get()
        .entities()
        .map(|entity| {
            let answer = get_schema::run(&serde_json::from_value(serde_json::json!({ "entity": entity.set })).unwrap());
            (entity.set.clone(), tokens(&answer.json.to_string()))
        })
        .filter(|(_, tokens)| *tokens >= 1_500)
        .collect();
    assert!(over.is_empty(), "{over:?}");
}

#[test]
fn what_cannot_be_read_is_destructive_and_a_write_tool_is_never_a_read() {
    assert_eq!(effect(Tool::CreateEntity, "nonsense"), Effect::Destructive);
    assert_eq!(effect(Tool::UpdateEntity, r#"{"entity":"nothing","id":"x","data":{}}"#), Effect::Destructive);
    assert_eq!(effect(Tool::InvokeAction, r#"{"entity":"salesInvoices","id":"x","action":"post"}"#), Effect::Destructive);
    assert_eq!(effect(Tool::CreateEntity, r#"{"entity":"customers","data":{}}"#), Effect::Write);
    for tool in Tool::ALL {
        let reads = matches!(tool, Tool::QueryEntities | Tool::GetSchema | Tool::ValidateOperation | Tool::ValidateWorkflow);
        assert_eq!(effect(tool, r#"{"entity":"customers","action":"read"}"#) == Effect::Read, reads, "{}", tool.name());
    }
}
