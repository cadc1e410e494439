//! The catalogue's examples: each request of `mcp-data/<entity>/examples.json` is answered as it says, in its order, against a
//! freshly seeded company.
//!
//! An example has `title`, `method`, `path` (behind the company; behind the API's root when it begins with a slash), `body` or
//! `content` with its `contentType` (`;base64` where the content is written so), and `status`. `keep` gives the id of the record
//! that came back (the first of a list) a name, and `{name}` stands for it in what follows.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::Value;

use crate::support::{Company, Reply, company};
use crate::surface::sets;

fn filled(text: &str, kept: &HashMap<String, String>) -> String {
    let mut out = text.to_owned();
    for (name, id) in kept {
        out = out.replace(&format!("{{{name}}}"), id);
    }
    out
}

async fn run(company: &Company, example: &Value, kept: &HashMap<String, String>) -> Reply {
    let path = filled(example["path"].as_str().unwrap(), kept);
    let url = match path.strip_prefix('/') {
        Some(rest) => format!("{}/{rest}", company.running.base_url()),
        None => path,
    };
    let method = Method::from_bytes(example["method"].as_str().unwrap().as_bytes()).unwrap();
    let mut request = company.request(method.clone(), &url);
    if method == Method::PATCH || method == Method::DELETE {
        request = request.header("if-match", "*");
    }
    if let Some(content) = example["content"].as_str() {
        let kind = example["contentType"].as_str().unwrap();
        let bytes = if kind.ends_with(";base64") { STANDARD.decode(content).unwrap() } else { content.as_bytes().to_vec() };
        request = request.header("content-type", kind.trim_end_matches(";base64")).body(bytes);
    } else if !example["body"].is_null() {
        request = request.header("content-type", "application/json").body(filled(&example["body"].to_string(), kept));
    }
    let response = request.send().await.unwrap();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
    if kind.is_empty() || kind.contains("json") {
        return Reply::of(response).await;
    }
    let status = response.status().as_u16();
    assert!(!response.bytes().await.unwrap().is_empty());
    Reply { status, etag: None, retry_after: None, body: Value::Null }
}

fn id_of(body: &Value) -> Option<&str> {
    let row = body.get("value").map_or(body, |rows| &rows[0]);
    ["id", "systemId", "contactId"].iter().find_map(|key| row[*key].as_str())
}

#[tokio::test]
async fn every_example_is_answered_as_it_says() {
    let company = company().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mcp-data");
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(schema) = std::fs::read_to_string(folder.join("schema.json")) else { continue };
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let set = schema["x-bc"]["set"].as_str().unwrap().to_owned();
        let examples: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(folder.join("examples.json")).unwrap()).unwrap();
        let mut kept = HashMap::new();
        for example in &examples {
            let reply = run(&company, example, &kept).await;
            if reply.status != example["status"] {
                faults.push(format!("{set}: {}: {} {}", example["title"], reply.status, reply.body));
                break;
            }
            if let Some(name) = example["keep"].as_str() {
                match id_of(&reply.body) {
                    Some(id) => {
                        kept.insert(name.to_owned(), id.to_owned());
                    }
                    None => {
                        faults.push(format!("{set}: {} finds nothing to keep: {}", example["title"], reply.body));
                        break;
                    }
                }
            }
        }
        seen.insert(set);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(seen, sets().keys().cloned().collect());
}
