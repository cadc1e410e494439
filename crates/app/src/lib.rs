//! The composition root that the window and the terminal share: builds everything once, when it is first needed, and answers
//! every question of a front end. No front end knows what stands behind it.

mod accounts;
mod app;
mod approvals;
mod attachments;
mod audit;
mod config;
mod connections;
mod data;
pub mod demo;
mod disk;
mod doctor;
mod dry_run;
mod evidence;
mod evidence_page;
mod evidence_trials;
mod history;
mod hub;
mod log;
mod models;
mod permissions;
mod revise;
mod runs;
mod secrets;
mod settings;
mod settle;
mod shown;
mod signin;
mod trials;
mod undo;
mod workbench;

pub use accounts::AccountConnection;
pub use app::App;
pub use approvals::Which;
pub use attachments::with_files;
pub use bca_auth::Secret;
pub use bca_store::AuditRecord;
pub use config::{Config, Environment, Mode};
pub use connections::{CompanyChoice, NewConnection};
pub use evidence::{Evidence, EvidenceOf};
pub use history::ExportFormat;
pub use log::start as start_log;
pub use runs::{ActiveRun, ToolCallResult};
pub use settings::{Key, Settings};
pub use signin::{ShowAddress, SignInOptions};
