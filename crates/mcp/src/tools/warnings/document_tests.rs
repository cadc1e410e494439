#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn amounts_read_as_people_write_them() {
    for (amount, read) in [
        ("0", "0.00"),
        ("18.45", "18.45"),
        ("999.999", "1,000.00"),
        ("95112.5", "95,112.50"),
        ("-1234567.8", "-1,234,567.80"),
        ("100", "100.00"),
        ("-100", "-100.00"),
    ] {
        assert_eq!(money(amount.parse().unwrap()), read);
    }
}
