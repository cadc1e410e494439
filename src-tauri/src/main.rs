//! The program. Everything is in the library, so that tests reach it.
#![cfg_attr(all(target_os = "windows", not(debug_assertions)), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    bc_agent_desktop::run()
}
