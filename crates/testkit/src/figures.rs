//! What the tests of reliability share: how much is tried, what was reached, and chance and clocks of a test's own.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use bca_protocol::{Clock, SystemClock};
use jiff::{SignedDuration, Timestamp};

/// How many rounds: a twentieth, or all where `BC_AGENT_TORTURE` is set.
#[must_use]
pub fn rounds(all: usize) -> usize {
    if std::env::var_os("BC_AGENT_TORTURE").is_some() { all } else { all / 20 }
}

/// A line that `cargo xtask torture` puts into docs/reliability.md.
pub fn reached(row: &str, what: &str, figure: &str) {
    println!("reliability | {row} | {what} | {figure}");
}

/// Chance that is the same at every run (xorshift64, Marsaglia 2003).
pub struct Chance(u64);

impl Chance {
    /// From a seed; 0 counts as 1.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// A number below `most`, which is not 0.
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    /// One of these.
    pub fn of<T: Copy>(&mut self, among: &[T]) -> T {
        among[usize::try_from(self.below(among.len() as u64)).unwrap()]
    }

    /// Another chance that starts from this one.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self::new(self.below(u64::MAX))
    }

    /// Lets others go first, a few times or many.
    pub async fn dawdle(&mut self) {
        for _ in 0..self.below(400) {
            tokio::task::yield_now().await;
        }
    }
}

/// The machine's clocks, each moved by what a test says.
pub struct Clocks {
    machine: SystemClock,
    /// Microseconds.
    wall: AtomicI64,
    /// Microseconds, never less than before.
    steady: AtomicI64,
}

impl Default for Clocks {
    fn default() -> Self {
        Self { machine: SystemClock::new(), wall: AtomicI64::new(0), steady: AtomicI64::new(0) }
    }
}

impl Clocks {
    /// The wall clock jumps, forward or back.
    pub fn jump(&self, by: SignedDuration) {
        self.wall.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// The steady clock goes on.
    pub fn pass(&self, by: Duration) {
        self.steady.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Clocks {
    fn now(&self) -> Timestamp {
        self.machine.now().checked_add(SignedDuration::from_micros(self.wall.load(Ordering::SeqCst))).unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic() + Duration::from_micros(u64::try_from(self.steady.load(Ordering::SeqCst)).unwrap())
    }
}
