use super::{Figure, Goal, Unit, percentile, table};

#[test]
fn percentiles_are_values_that_were_measured() {
    let mut values: Vec<f64> = (1..=20).rev().map(f64::from).collect();
    assert_eq!((percentile(&mut values, 50), percentile(&mut values, 95), percentile(&mut values, 100)), (10.0, 19.0, 20.0));
    assert_eq!(percentile(&mut [7.0], 95), 7.0);
}

#[test]
fn a_goal_is_reached_or_it_is_not() {
    let figure = Figure::new("p", "w", 30.0, Unit::Micros);
    assert_eq!(figure.reached(), None);
    assert_eq!(figure.clone().goal(Goal::AtMost(30.0)).reached(), Some(true));
    assert_eq!(figure.clone().beside(9.0).goal(Goal::TimesPlain(3.0)).reached(), Some(false));
    // A comparison without the other side says nothing.
    assert_eq!(figure.goal(Goal::TimesPlain(3.0)).reached(), None);
}

#[test]
fn a_missed_goal_stands_out() {
    let figures = [Figure::new("start", "new home", 14.5, Unit::Millis).beside(2.0).goal(Goal::AtMost(12.0))];
    let text = table(&figures);
    assert!(text.contains("start\n") && text.contains("14.50 ms") && text.contains("2.00 ms (7.25x)") && text.contains("NO"), "{text}");
}
