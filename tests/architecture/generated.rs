//! What is derived from something else, or must never change.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use sha2::{Digest as _, Sha256};

use crate::support::{hold, read, root};

const CHECKSUMS: &str = "migrations/checksums.txt";

#[test]
fn the_windows_types_are_those_of_the_protocol() {
    let breaches: Vec<String> = (read("ui/src/lib/protocol.ts") != bca_protocol::bindings::typescript())
        .then(|| "ui/src/lib/protocol.ts differs from what crates/protocol generates".to_owned())
        .into_iter()
        .collect();
    hold(&breaches, "run `cargo xtask bindings` and commit the file.");
}

#[test]
fn a_migration_never_changes() {
    let listed = listed();
    let present = present();
    let mut breaches = vec![];
    for (name, digest) in &listed {
        match present.get(name) {
            None => breaches.push(format!("migrations/{name} is gone")),
            Some(found) if found != digest => breaches.push(format!("migrations/{name} was changed")),
            Some(_) => {}
        }
    }
    hold(&breaches, "homes out there have run it already: restore the file and write what is new in a migration of its own.");
}

#[test]
fn a_migration_is_listed_with_its_checksum() {
    let listed = listed();
    let breaches: Vec<String> = present().into_keys().filter(|name| !listed.contains_key(name)).map(|name| format!("{name} is not in {CHECKSUMS}")).collect();
    hold(&breaches, "once the migration is final: `cd migrations && sha256sum V0002__its_name.sql >> checksums.txt`.");
}

#[test]
fn migrations_are_numbered_without_gaps() {
    let breaches: Vec<String> = present()
        .into_keys()
        .enumerate()
        .map(|(index, name)| (format!("V{:04}__", index + 1), name))
        .filter(|(wanted, name)| !name.starts_with(wanted.as_str()))
        .map(|(wanted, name)| format!("{name} should begin with {wanted}"))
        .collect();
    hold(&breaches, "number a new migration one after the last.");
}

/// What checksums.txt says, in the format of `sha256sum`: name to digest.
fn listed() -> BTreeMap<String, String> {
    let line = |line: &str| line.split_once("  ").map(|(digest, name)| (name.to_owned(), digest.to_owned())).unwrap();
    read(CHECKSUMS).lines().map(line).collect()
}

fn present() -> BTreeMap<String, String> {
    let names = fs::read_dir(root().join("migrations")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".sql")).map(|name| (name.clone(), sha256(&read(&format!("migrations/{name}"))))).collect()
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}
