use super::*;

#[test]
fn adds_up_the_files_of_a_crate() {
    let report = "TN:\nSF:/r/crates/approval/src/gate.rs\nDA:1,5\nLF:80\nLH:60\nend_of_record\n\
                  SF:/r/crates/approval/src/permit.rs\nLF:20\nLH:20\nend_of_record\n\
                  SF:/r/crates/bc/src/query.rs\nLF:50\nLH:0\nend_of_record\n";
    let expected = "approval          80 of     100 lines   80 %\n\
                    bc                 0 of      50 lines    0 %\n\
                    all               80 of     150 lines   53 %\n";
    assert_eq!(table(&by_crate(report)), expected);
}

#[test]
fn an_empty_report_is_no_fault() {
    assert_eq!(table(&by_crate("")), "all                0 of       0 lines    0 %\n");
}
