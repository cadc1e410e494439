//! The commands of docs/protocol.md, by what they are about. Each asks the engine one question.

mod approvals;
mod chat;
mod connections;
mod history;
mod settings;
mod system;

use tauri::ipc::Invoke;

/// Sends each command to its function.
pub fn handler() -> impl Fn(Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        system::app_info,
        history::list_sessions,
        history::get_session,
        history::rename_session,
        history::delete_session,
        history::export_session,
        history::search,
        chat::send_message,
        chat::watch_run,
        chat::cancel_run,
        approvals::list_approvals,
        approvals::answer_approval,
        approvals::list_changes,
        connections::list_connections,
        connections::add_connection,
        connections::list_companies,
        connections::use_connection,
        connections::remove_connection,
        system::switch_home,
        settings::list_models,
        settings::set_model_key,
        settings::list_settings,
        settings::set_setting,
        system::list_backups,
        system::create_backup,
        system::restore_backup,
        system::list_errors,
        system::doctor,
        system::open_link,
    ]
}
