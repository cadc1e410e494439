#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

#[tokio::test]
async fn a_file_is_found_by_its_id_or_by_its_name_where_that_is_unique() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("attachments");
    let bill = attach(&folder, "/home/kim/Bill 4711.PDF", b"%PDF-1.7").await.unwrap();
    assert_eq!((bill.name.as_str(), bill.bytes, bill.content_type.as_str()), ("Bill 4711.PDF", 8, "application/pdf"));
    assert_eq!(bill.sha256, MediaBody::of(b"%PDF-1.7", "").sha256);
    assert_eq!(find(&folder, &bill.id.to_string()).await.unwrap(), (bill.clone(), b"%PDF-1.7".to_vec()));
    assert_eq!(find(&folder, "Bill 4711.PDF").await.unwrap().0, bill);
    let again = attach(&folder, "Bill 4711.PDF", b"other").await.unwrap();
    assert!(matches!(find(&folder, "Bill 4711.PDF").await, Err(NotAttached::Ambiguous(_))));
    assert_eq!(find(&folder, &again.id.to_string()).await.unwrap().1, b"other");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.join("attached").join(bill.id.to_string());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(std::fs::metadata(path.join("Bill 4711.PDF")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn nothing_but_an_attached_file_can_be_named() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("attachments");
    std::fs::create_dir_all(folder.join("attached")).unwrap();
    std::fs::write(folder.join("sales invoice 1.pdf"), "fetched").unwrap();
    std::fs::write(home.path().join("bc-agent.db"), "secret").unwrap();
    let id = AttachmentId::new();
    std::fs::create_dir_all(folder.join("attached").join(id.to_string())).unwrap();
    for name in ["sales invoice 1.pdf", "../sales invoice 1.pdf", "/etc/passwd", "../../bc-agent.db", "..", "", ".", &id.to_string()] {
        assert!(matches!(find(&folder, name).await, Err(NotAttached::Unknown(_))), "{name:?}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(home.path().join("bc-agent.db"), folder.join("attached").join(id.to_string()).join("x.txt")).unwrap();
        assert!(matches!(find(&folder, &id.to_string()).await, Err(NotAttached::Unknown(_))), "a link is no file");
    }
    assert!(matches!(attach(&folder, "x", b"").await, Err(NotAttached::Empty)));
    assert!(matches!(attach(&folder, "x", &vec![0; LARGEST_UPLOAD + 1]).await, Err(NotAttached::TooLarge { .. })));
}

#[test]
fn names_are_names_on_every_system() {
    for (given, kept) in [
        ("a/b\\c:d*.pdf", "c-d-.pdf"),
        ("...", "file"),
        ("", "file"),
        ("con.txt", "file con.txt"),
        ("Rechnung Müller & Co.pdf", "Rechnung Müller & Co.pdf"),
        ("x\u{202e}fdp.exe", "x-fdp.exe"),
    ] {
        assert_eq!(plain(given), kept);
    }
    let long = format!("{}.pdf", "ä".repeat(300));
    assert_eq!((plain(&long).chars().count(), plain(&long).ends_with(".pdf")), (LONGEST_NAME, true));
}
