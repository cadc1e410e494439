//! CPU time, as the operating system counts it.

use std::time::Duration;

/// What this process has taken, all threads together.
pub fn process() -> Duration {
    of(Whose::Process)
}

/// What the calling thread has taken.
pub fn thread() -> Duration {
    of(Whose::Thread)
}

enum Whose {
    Process,
    Thread,
}

#[cfg(unix)]
fn of(whose: Whose) -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let clock = match whose {
        Whose::Process => ClockId::ProcessCPUTime,
        Whose::Thread => ClockId::ThreadCPUTime,
    };
    let time = clock_gettime(clock);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanoseconds)
}

/// Not read here: figures of CPU are zero and said to be unknown.
#[cfg(not(unix))]
fn of(_: Whose) -> Duration {
    Duration::ZERO
}
