//! Prints the TypeScript of the wire types; `cargo xtask bindings` writes it to the window's source.
fn main() {
    print!("{}", bca_protocol::bindings::typescript());
}
