//! What is set up, what is missing, and what to do about it. Works where the app itself doesn't start.

use std::{path::Path, time::Duration};

use bca_approval::Organisation;
use bca_protocol::{AuditVerdict, CheckState, DoctorCheck, ErrorCode, UserError};

use crate::{App, Config, Mode, disk};

/// How long a server may take to answer a check.
const PATIENCE: Duration = Duration::from_secs(10);

impl App {
    /// Looks at everything that the app needs.
    pub async fn doctor(config: &Config) -> Vec<DoctorCheck> {
        let mut checks = Vec::new();
        let home = match config.home() {
            Ok(home) => home,
            Err(fault) => return vec![problem("Home", &fault, "Name one with --home or BC_AGENT_HOME.")],
        };
        checks.push(home_check(&home));
        let app = match Self::start(config.clone()).await {
            Ok(app) => app,
            Err(fault) if fault.code == ErrorCode::Configuration => {
                checks.push(problem("Settings and environment", &fault, "Correct it and look again."));
                return checks;
            }
            Err(fault) => {
                checks.push(problem("Database", &fault, "See `bc-agent backup list` for copies that can be restored."));
                return checks;
            }
        };
        checks.push(ok("Database", "It opens and is in order."));
        checks.push(disk_check(&home).await);
        checks.push(app.audit_check().await);
        checks.push(app.policy_check().await);
        checks.push(app.model_check().await);
        checks.push(app.connection_check().await);
        checks.push(app.unattended_check());
        app.stop().await;
        checks
    }

    async fn model_check(&self) -> DoctorCheck {
        let name = "Model";
        let found = tokio::time::timeout(PATIENCE, self.models()).await;
        let model = self.model();
        match found {
            Err(_) => DoctorCheck {
                state: CheckState::Problem,
                ..warning(name, "The model provider did not answer within 10 seconds.", "Look at the network and the proxy.")
            },
            Ok(Err(fault)) => problem(name, &fault, "Set ANTHROPIC_API_KEY and, where needed, ANTHROPIC_BASE_URL; or try --demo."),
            Ok(Ok(models)) if models.iter().any(|m| m.id == model) => match self.mode() {
                Mode::Demo => ok(name, "The demo model answers. It reads English by rules; it is not Claude."),
                Mode::Own => ok(name, &format!("The provider answers and offers {model}.")),
            },
            Ok(Ok(models)) => {
                let offered: Vec<&str> = models.iter().take(8).map(|m| m.id.as_str()).collect();
                warning(name, &format!("The provider answers, but doesn't list {model}."), &format!("Set model.id to one of: {}.", offered.join(", ")))
            }
        }
    }

    async fn connection_check(&self) -> DoctorCheck {
        let name = "Business Central";
        match tokio::time::timeout(PATIENCE, self.test_connection(None)).await {
            Err(_) => DoctorCheck { state: CheckState::Problem, ..warning(name, "It did not answer within 10 seconds.", "Look at the network and the proxy.") },
            Ok(Ok(connection)) => ok(name, &format!("{} answers.", connection.company)),
            Ok(Err(fault)) => problem(name, &fault, "Add a connection with `bc-agent connections add`, or try --demo."),
        }
    }

    async fn audit_check(&self) -> DoctorCheck {
        let name = "Audit log";
        match self.verify_audit(None).await {
            Ok(verdict) if verdict.intact && verdict.unprotected == verdict.checked && verdict.checked > 0 => {
                ok(name, &format!("{} entries, as they were written; no secret key protects them.", verdict.checked))
            }
            Ok(AuditVerdict { intact: true, unverifiable_until: Some(until), count, .. }) => warning(
                name,
                &format!("Entries {} to {count} are as they were written; what stands before them can't be verified, because its key was lost.", until + 1),
                "Keep a checkpoint elsewhere from now on: `bc-agent audit checkpoint`.",
            ),
            Ok(verdict) if verdict.intact => ok(name, &format!("{} entries, as they were written.", verdict.checked)),
            Ok(verdict) => {
                let first = verdict.findings.first().map_or("", |finding| finding.message.as_str());
                DoctorCheck { state: CheckState::Problem, ..warning(name, &format!("It is not as it was written. {first}"), "See `bc-agent audit verify`.") }
            }
            Err(fault) => problem(name, &fault, "See `bc-agent backup list` for copies that can be restored."),
        }
    }

    async fn policy_check(&self) -> DoctorCheck {
        let name = "Policy";
        match self.organisation().await {
            Organisation::Absent => ok(name, "Your organisation laid down none for this computer."),
            Organisation::InForce(_) => ok(name, "Your organisation's policy is in force; `bc-agent permissions show` tells what it says."),
            Organisation::Unusable(why) => DoctorCheck {
                state: CheckState::Problem,
                ..warning(
                    name,
                    &format!("Your organisation's policy can't be used, so nothing may be written: {why}."),
                    "Ask whoever looks after this computer.",
                )
            },
        }
    }

    fn unattended_check(&self) -> DoctorCheck {
        let name = "Approvals";
        match (self.mode(), self.may_approve_unattended()) {
            (Mode::Own, true) => warning(
                name,
                "`--approve all` may approve writes without a person.",
                "Switch it off with `bc-agent settings set automation.unattended_approval false`.",
            ),
            (Mode::Own, false) => ok(name, "Every write waits for a person."),
            (Mode::Demo, _) => ok(name, "Every write waits for a person; in the demo `--approve all` is allowed too."),
        }
    }
}

async fn disk_check(home: &Path) -> DoctorCheck {
    let name = "Disk";
    let directory = home.to_owned();
    let found = tokio::task::spawn_blocking(move || disk::encryption_of(&directory)).await;
    match found.unwrap_or(disk::DiskEncryption::NotKnown) {
        disk::DiskEncryption::On => ok(name, "The disk of the home is encrypted."),
        disk::DiskEncryption::Off => warning(
            name,
            "The disk of the home is not encrypted: whoever gets hold of it can read what was said in conversations.",
            "Switch on the encryption of your system: LUKS, FileVault or BitLocker.",
        ),
        disk::DiskEncryption::NotKnown => ok(name, "The system doesn't say whether the disk of the home is encrypted."),
    }
}

fn home_check(home: &Path) -> DoctorCheck {
    let shown = home.display();
    match std::fs::metadata(home) {
        Ok(found) if !found.is_dir() => {
            DoctorCheck { state: CheckState::Problem, ..warning("Home", &format!("{shown} is not a directory."), "Name another one with --home.") }
        }
        Ok(found) if found.permissions().readonly() => {
            DoctorCheck { state: CheckState::Problem, ..warning("Home", &format!("{shown} can't be written."), "Give yourself the right to write there.") }
        }
        Ok(_) => ok("Home", &format!("{shown}")),
        Err(_) => ok("Home", &format!("{shown} (new)")),
    }
}

fn ok(name: &str, message: &str) -> DoctorCheck {
    DoctorCheck { name: name.into(), state: CheckState::Ok, message: message.into(), remedy: None }
}

fn warning(name: &str, message: &str, remedy: &str) -> DoctorCheck {
    DoctorCheck { name: name.into(), state: CheckState::Warning, message: message.into(), remedy: Some(remedy.into()) }
}

fn problem(name: &str, fault: &UserError, remedy: &str) -> DoctorCheck {
    DoctorCheck { name: name.into(), state: CheckState::Problem, message: fault.message.clone(), remedy: Some(remedy.into()) }
}
