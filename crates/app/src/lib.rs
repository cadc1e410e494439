//! The composition root that the window and the terminal share: builds everything once, when it is first needed, and answers
//! every question of a front end. No front end knows what stands behind it.

mod app;
mod approvals;
mod config;
mod connections;
pub mod demo;
mod doctor;
mod history;
mod hub;
mod log;
mod models;
mod runs;
mod settings;
mod settle;
mod workbench;

pub use app::App;
pub use approvals::Which;
pub use bca_auth::Secret;
pub use config::{Config, Environment, Mode};
pub use connections::{CompanyChoice, NewConnection};
pub use history::ExportFormat;
pub use log::start as start_log;
pub use runs::{ActiveRun, ToolCallResult};
pub use settings::{Key, Settings};
