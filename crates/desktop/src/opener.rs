//! Opens a web page in the person's own browser.

use std::{
    ffi::OsString,
    process::{Command, Stdio},
};

use bca_app::Environment;
use bca_protocol::{ErrorCode, UserError};
use url::Url;

/// The address, where it is one that may be opened: https, with a host, without a name and password in it.
///
/// # Errors
/// Anything else.
pub fn check(text: &str) -> Result<Url, UserError> {
    let refuse = || UserError::new(ErrorCode::InvalidInput, "Only links that begin with https:// are opened.");
    let url = Url::parse(text).map_err(|_| refuse())?;
    let plain = url.username().is_empty() && url.password().is_none();
    if url.scheme() == "https" && url.has_host() && plain { Ok(url) } else { Err(refuse()) }
}

/// Hands the address to `BROWSER`, else to the system's opener; no shell is between.
///
/// # Errors
/// No program could be started.
pub fn open(url: &Url) -> Result<(), UserError> {
    let browser = std::env::var_os("BROWSER").filter(|name| !name.is_empty());
    let mut child = command(browser, url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| UserError::new(ErrorCode::Internal, format!("The browser could not be started: {e}.")))?;
    // Somebody must wait for it, else it stays as a zombie.
    std::thread::spawn(move || child.wait());
    Ok(())
}

fn command(browser: Option<OsString>, url: &Url) -> Command {
    let (program, first): (OsString, &[&str]) = match browser {
        Some(browser) => (browser, &[]),
        None if cfg!(target_os = "windows") => ("rundll32".into(), &["url.dll,FileProtocolHandler"]),
        None if cfg!(target_os = "macos") => ("open".into(), &[]),
        None => ("xdg-open".into(), &[]),
    };
    let mut command = Command::new(program);
    command.args(first).arg(url.as_str());
    // A browser lives longer than we do, and needs no key of ours.
    for secret in Environment::SECRETS {
        command.env_remove(secret);
    }
    command
}

#[cfg(test)]
#[path = "opener_tests.rs"]
mod tests;
