#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

#[test]
fn a_name_leads_nowhere_else_and_runs_nothing() {
    for (stem, expected) in [
        ("customers 10000 picture", "customers 10000 picture"),
        ("../../etc/passwd", "------etc-passwd"),
        ("a\u{202e}b\0", "a-b-"),
        ("", "file"),
        ("C:\\x", "C--x"),
    ] {
        assert_eq!(plain(stem), expected);
    }
    assert_eq!(plain(&"ø".repeat(500)).chars().count(), 80);
    assert_eq!((extension("image/PNG; x=y"), extension("text/html"), extension("application/x-msdownload")), ("png", "bin", "bin"));
}

#[tokio::test]
async fn no_file_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> =
        futures::future::join_all((0..3).map(|_| create(folder.path(), "a", "pdf"))).await.into_iter().map(|made| made.unwrap().0).collect();
    assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), 3, "{names:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(folder.path().join("a.pdf").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
