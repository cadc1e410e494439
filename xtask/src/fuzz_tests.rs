use super::*;

#[test]
fn the_number_of_executions_is_read_from_the_final_statistics() {
    let said = "#8192 pulse\nDone 81234 runs in 31 second(s)\nstat::number_of_executed_units: 81234\nstat::average_exec_per_sec:     2620\n";
    assert_eq!(executions(said), Some(81_234));
    assert_eq!(executions("Done 5 runs"), None);
}

#[test]
fn a_crash_is_told_by_its_last_lines() {
    let said: String = (0..100).map(|n| format!("line {n}\n")).collect();
    assert!(end_of(&said).starts_with("line 60") && end_of(&said).ends_with("line 99"));
    assert_eq!(end_of(""), "");
}
