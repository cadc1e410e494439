#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::script::{COMPANY, ETAG, ID, Reply, Script, permit, refusal};

fn customer() -> RecordPath {
    RecordPath::of("customers", ID).unwrap()
}

fn picture() -> MediaPath {
    MediaPath::find(Catalogue::embedded(), &customer(), "picture").unwrap()
}

fn png(body: &str) -> Reply {
    Reply::Answer(200, "Content-Type: image/png\r\n", body.into())
}

async fn fetch(script: &Script, most: u64) -> (Result<Downloaded, BcError>, Vec<u8>) {
    let mut file = Vec::new();
    let done = script.client().download(&picture(), &mut file, most, &CancellationToken::new()).await;
    (done, file)
}

#[test]
fn files_are_found_by_what_people_call_them() {
    let find = |set: &str, name: &str| MediaPath::find(Catalogue::embedded(), &RecordPath::of(set, ID).unwrap(), name).map(|path| path.to_string());
    assert_eq!(find("customers", "picture").unwrap(), format!("customers({ID})/picture/pictureContent"));
    assert_eq!(find("customers", "pictureContent").unwrap(), format!("customers({ID})/picture/pictureContent"));
    assert_eq!(find("salesInvoices", "PdfDocument").unwrap(), format!("salesInvoices({ID})/pdfDocument/pdfDocumentContent"));
    assert_eq!(find("attachments", "attachmentContent").unwrap(), format!("attachments({ID})/attachmentContent"));
    assert_eq!(find("companyInformation", "picture").unwrap(), format!("companyInformation({ID})/picture"));
    assert!(matches!(find("customers", "face"), Err(BcError::BadQuery(sentence)) if sentence.contains("picture")));
    assert!(matches!(find("paymentTerms", "picture"), Err(BcError::BadQuery(sentence)) if sentence.contains("no files")));
}

#[tokio::test]
async fn a_file_comes_down_as_it_is() {
    let script = Script::new([Reply::Drop, Reply::Answer(503, "Retry-After: 0\r\n", String::new()), png("not really a picture")]).await;
    let (done, file) = fetch(&script, 1_000).await;
    assert_eq!(done.unwrap(), Downloaded { bytes: 20, content_type: "image/png".into() });
    assert_eq!(file, b"not really a picture");
    assert_eq!(script.seen()[2].line, format!("GET /v2.0/demo/api/v2.0/companies({COMPANY})/customers({ID})/picture/pictureContent HTTP/1.1"));
}

#[tokio::test]
async fn what_is_no_whole_file_is_told() {
    let cases = [
        (png("0123456789abc"), "too large"),
        (png(""), "not found"),
        (Reply::Answer(204, "", String::new()), "not found"),
        (refusal(404, "BadRequest_ResourceNotFound"), "not found"),
        (Reply::Truncate(200), "broken"),
        (Reply::Hang, "timed out"),
        (Reply::Answer(401, "", String::new()), "signed out"),
    ];
    for (reply, expected) in cases {
        let script = Script::new([reply]).await;
        let (done, _) = fetch(&script, 12).await;
        let word = match done.unwrap_err() {
            BcError::TooLarge { limit_bytes: 12 } => "too large",
            BcError::NotFound { .. } => "not found",
            BcError::Unreachable { .. } => "broken",
            BcError::TimedOut { .. } => "timed out",
            BcError::NotSignedIn { .. } => "signed out",
            other => panic!("{other:?}"),
        };
        assert_eq!(word, expected);
    }
}

#[tokio::test]
async fn a_file_goes_up_only_as_it_was_approved() {
    let script = Script::new([Reply::Answer(204, "", String::new())]).await;
    let (client, cancel, content) = (script.client(), CancellationToken::new(), b"a new picture".to_vec());
    let body = MediaBody::of(&content, "image/png");
    let request = script.request(Method::Patch, &picture().to_string(), Some(ETAG), Some(&body.to_body()));
    let answer = client.upload(permit(&request).await, &request, content.clone(), &crate::Earlier::default(), &cancel).await.unwrap();
    assert_eq!((answer.status, answer.record), (204, None));
    let seen = script.seen().remove(0);
    assert_eq!(seen.line, format!("PATCH /v2.0/demo/api/v2.0/companies({COMPANY})/customers({ID})/picture/pictureContent HTTP/1.1"));
    assert_eq!((seen.header("content-type"), seen.header("if-match"), seen.body.as_str()), (Some("image/png"), Some(ETAG), "a new picture"));

    let other = client.upload(permit(&request).await, &request, b"another picture".to_vec(), &crate::Earlier::default(), &cancel).await;
    assert!(matches!(other, Err(WriteError::NotSent(NotSent::Malformed(_)))), "{other:?}");
    let plain = client.write(permit(&request).await, &request, &cancel).await;
    assert!(matches!(plain, Err(WriteError::NotSent(NotSent::Malformed(_)))), "a file is no record: {plain:?}");
    let path = picture().to_string();
    for (method, path, tag, body) in [
        (Method::Post, path.as_str(), Some(ETAG), Some(body.to_body())),
        (Method::Patch, path.as_str(), None, Some(body.to_body())),
        (Method::Patch, path.as_str(), Some("*"), Some(body.to_body())),
        (Method::Patch, "customers", Some(ETAG), Some(body.to_body())),
        (Method::Patch, "customers(1)/picture", Some(ETAG), Some(body.to_body())),
        (Method::Patch, "../x/y", Some(ETAG), Some(body.to_body())),
        (Method::Patch, path.as_str(), Some(ETAG), Some("{}".into())),
        (Method::Patch, path.as_str(), Some(ETAG), None),
    ] {
        let request = script.request(method, path, tag, body.as_deref());
        let answer = client.upload(permit(&request).await, &request, content.clone(), &crate::Earlier::default(), &cancel).await;
        assert!(matches!(answer, Err(WriteError::NotSent(NotSent::Malformed(_)))), "{path} {tag:?}: {answer:?}");
    }
    assert_eq!(script.seen().len(), 1);

    for (reply, unknown) in [(Reply::Drop, true), (refusal(409, "Request_EntityChanged"), false), (Reply::Answer(500, "", String::new()), true)] {
        let script = Script::new([reply]).await;
        let request = script.request(Method::Patch, &picture().to_string(), Some(ETAG), Some(&body.to_body()));
        let answer = script.client().upload(permit(&request).await, &request, content.clone(), &crate::Earlier::default(), &cancel).await;
        assert_eq!(matches!(answer, Err(WriteError::Unknown(_))), unknown, "{answer:?}");
        assert_eq!(script.seen().len(), 1, "sent once");
    }
}
