#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use futures::FutureExt;
use jiff::Timestamp;

use super::*;

/// Follows tokio's paused time.
struct Paused(tokio::time::Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

fn pace(at_once: usize, per_minute: usize) -> Pace {
    Pace::new(at_once, per_minute, Arc::new(Paused(tokio::time::Instant::now())))
}

#[tokio::test(start_paused = true)]
async fn only_so_many_at_once() {
    let pace = pace(2, 100);
    let (one, _two) = (pace.enter().await, pace.enter().await);
    assert!(pace.enter().now_or_never().is_none());
    drop(one);
    assert!(pace.enter().now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn only_so_many_in_a_minute_and_giving_up_frees_no_place() {
    let (pace, start) = (pace(10, 3), tokio::time::Instant::now());
    for _ in 0..3 {
        drop(pace.enter().await);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert!(pace.enter().now_or_never().is_none());
    drop(pace.enter().await);
    assert_eq!(start.elapsed().as_secs(), 60);
    drop(pace.enter().await);
    assert_eq!(start.elapsed().as_secs(), 61);
}
