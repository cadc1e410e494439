//! Writes that got no answer are looked for in the background, by reading, and never sent again.

use std::{sync::Arc, time::Duration};

use bca_approval::{IntentLog, Target};
use bca_protocol::{ConnectionKind, RunId};
use bca_store::UnknownChange;

use crate::App;

/// When a write is looked for, counted from its sending; the last look comes after Business Central can't commit it any more.
const LOOKS: [Duration; 5] = [Duration::ZERO, Duration::from_secs(15), Duration::from_secs(60), Duration::from_secs(300), Duration::from_secs(660)];

impl App {
    /// Starts looking for these, where there are any.
    pub(crate) fn settle_in_background(&self, unknown: &[UnknownChange]) {
        for change in unknown {
            let app = self.clone();
            let change = change.clone();
            tokio::spawn(async move { app.settle(&change).await });
        }
    }

    /// Goes on looking for writes of a run that just ended without an answer.
    pub(crate) async fn settle_after(&self, run_id: RunId) {
        match self.inner.db.unknown_changes().await {
            Ok(mut unknown) => {
                unknown.retain(|change| change.run_id == run_id);
                self.settle_in_background(&unknown);
            }
            Err(fault) => tracing::error!(%fault, "writes without an answer could not be listed"),
        }
    }

    async fn settle(&self, change: &UnknownChange) {
        for look in LOOKS {
            let wait = look.saturating_sub(self.age(change));
            // What is due already is looked at once, by the last of the looks that are due.
            if wait.is_zero() && LOOKS.iter().any(|later| *later > look && later.saturating_sub(self.age(change)).is_zero()) {
                continue;
            }
            tokio::select! {
                () = self.inner.stopping.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            if self.look_for(change).await {
                return;
            }
        }
    }

    fn age(&self, change: &UnknownChange) -> Duration {
        Duration::try_from(self.inner.clock.now().duration_since(change.sent_at)).unwrap_or(Duration::ZERO)
    }

    /// Whether the outcome is known now.
    async fn look_for(&self, change: &UnknownChange) -> bool {
        let Ok(Some(route)) = self.route(Some(&change.connection.name)).await else { return false };
        if !same_place(&route.target(), &change.planned.request.target, change.connection.kind) {
            return false;
        }
        let Ok(bench) = self.workbench(Some(&change.connection.name)).await else { return false };
        let tools = Arc::clone(&bench.tools);
        let Some(settlement) = tools.business_central().look_again(&change.planned, self.age(change), &self.inner.stopping).await else { return false };
        self.audit_key_ready().await;
        match self.inner.db.settled(change.planned.change_id(), &settlement).await {
            Ok(()) => true,
            Err(fault) => {
                tracing::error!(%fault, "an outcome that was found out could not be recorded");
                false
            }
        }
    }
}

/// The same company of the same environment, as the same person. The demo's servers get another port at each start.
pub(crate) fn same_place(now: &Target, then: &Target, kind: ConnectionKind) -> bool {
    let Target { root, tenant, environment, company_id, account } = now;
    let same_root = *root == then.root || kind == ConnectionKind::Demo;
    same_root && *tenant == then.tenant && *environment == then.environment && *company_id == then.company_id && *account == then.account
}
