//! Tells cargo that the catalogue changes when a file is added to or removed from `mcp-data`:
//! the embedding macro on its own only notices edits of files it already embedded.

fn main() {
    println!("cargo:rerun-if-changed=../../mcp-data");
}
