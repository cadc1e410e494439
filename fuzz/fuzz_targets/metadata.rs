//! The reader of an environment's shape: no document upsets it, nor the catalogue that is made of it.
#![no_main]

use bca_catalogue::{ApiShape, Catalogue, Definitions, Edmx, Language, TenantShape, decode_member, encode_member};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&str, &str)| {
    assert_eq!(decode_member(&encode_member(texts.0)), texts.0);
    let Ok(metadata) = Edmx::parse(texts.0) else { return };
    let definitions = Definitions::read(texts.1, Language::parse("da-DK").as_ref());
    let shape = ApiShape { metadata, definitions };
    let Ok(api) = "contoso/loyalty/v1.0".parse() else { return };
    let tenant = TenantShape { standard: Some(shape.clone()), custom: vec![(api, shape)] };
    assert!(Catalogue::for_tenant(&tenant).is_ok());
});
