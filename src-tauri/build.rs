//! Tauri's part of the build: capabilities and permissions are checked and compiled in, the window is embedded.

use tauri_build::{AppManifest, Attributes};

/// What the compiled program depends on besides its Rust code. Without `ui/dist` a rebuilt window would not be embedded anew.
const SOURCES: [&str; 4] = ["src-tauri/capabilities", "src-tauri/permissions", "migrations", "ui/dist"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    let commands = AppManifest::new().permissions_path_pattern("src-tauri/permissions/**/*");
    let attributes = Attributes::new().capabilities_path_pattern("src-tauri/capabilities/**/*").app_manifest(commands);
    Ok(tauri_build::try_build(attributes)?)
}
