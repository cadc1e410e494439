//! Faults on demand: `SET:METHOD:N:FAULT`, for the Nth request of that method on that set, `*` for any.

use std::str::FromStr;
use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The connection closes without an answer and nothing was done.
    DropBeforeCommit,
    /// The work is done and committed, then the connection closes without an answer.
    DropAfterCommit,
    /// 429 with Retry-After.
    TooManyRequests,
    /// 503 with Retry-After.
    Unavailable,
    /// 504.
    GatewayTimeout,
    /// The answer comes this much later.
    Slow(Duration),
    /// Somebody else changes the record just before (writes) or just after (reads) the request.
    StaleEtag,
    /// 401.
    Unauthorized,
}

/// One fault, as in CONTRACT.md: which requests it meets and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Set name, `$batch`, or `None` for any.
    pub set: Option<String>,
    /// HTTP method, or `None` for any.
    pub method: Option<String>,
    /// Counted from 1; `None` meets every such request.
    pub nth: Option<u64>,
    pub kind: FaultKind,
}

/// Why a fault's text is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no fault: write SET:METHOD:N:FAULT with FAULT one of drop-before-commit, drop-after-commit, 429, 503, 504, slow=MS, stale-etag, 401")]
pub struct FaultSyntax(String);

impl FromStr for Fault {
    type Err = FaultSyntax;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || FaultSyntax(text.to_owned());
        let parts: Vec<&str> = text.split(':').collect();
        let [set, method, nth, kind] = parts.as_slice() else { return Err(wrong()) };
        let any = |part: &str| if part == "*" { None } else { Some(part.to_owned()) };
        if set.is_empty() || method.is_empty() {
            return Err(wrong());
        }
        let nth = match any(nth) {
            None => None,
            Some(digits) => Some(digits.parse().ok().filter(|nth| *nth > 0).ok_or_else(wrong)?),
        };
        let kind = match *kind {
            "drop-before-commit" => FaultKind::DropBeforeCommit,
            "drop-after-commit" => FaultKind::DropAfterCommit,
            "429" => FaultKind::TooManyRequests,
            "503" => FaultKind::Unavailable,
            "504" => FaultKind::GatewayTimeout,
            "stale-etag" => FaultKind::StaleEtag,
            "401" => FaultKind::Unauthorized,
            other => {
                let millis = other.strip_prefix("slow=").and_then(|millis| millis.parse().ok()).ok_or_else(wrong)?;
                FaultKind::Slow(Duration::from_millis(millis))
            }
        };
        Ok(Fault { set: any(set), method: any(method).map(|method| method.to_ascii_uppercase()), nth, kind })
    }
}

/// Faults and how often each has been met.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(Fault, u64)>);

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Faults {
        Faults(faults.into_iter().map(|fault| (fault, 0)).collect())
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push((fault, 0));
    }

    /// Counts a request, and says which faults it meets.
    pub(crate) fn meet(&mut self, set: &str, method: &str) -> Vec<FaultKind> {
        self.count(set, method, |_| true)
    }

    /// The same for an item of a batch: only faults that name a set count it, for the batch was counted as a request before.
    pub(crate) fn meet_item(&mut self, set: &str, method: &str) -> Vec<FaultKind> {
        self.count(set, method, |fault| fault.set.is_some())
    }

    fn count(&mut self, set: &str, method: &str, counts: impl Fn(&Fault) -> bool) -> Vec<FaultKind> {
        let mut met = Vec::new();
        for (fault, count) in self.0.iter_mut().filter(|(fault, _)| counts(fault)) {
            let matches = fault.set.as_deref().is_none_or(|wanted| wanted == set) && fault.method.as_deref().is_none_or(|wanted| wanted == method);
            if matches {
                *count += 1;
                if fault.nth.is_none_or(|nth| nth == *count) {
                    met.push(fault.kind);
                }
            }
        }
        met
    }
}
