//! The person's own browser: `BROWSER`, else what the system opens addresses with. Never through a shell.

use std::process::Stdio;

use tokio::process::Command;
use url::Url;

/// Variables of ours that hold a secret: no business of a browser's.
const OURS: [&str; 4] = ["BC_AGENT_BC_TOKEN", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "BC_AGENT_KEY_FILE"];

/// No browser could be started; the person has to open the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("No browser could be started.")]
pub struct NoBrowser;

/// Opens an address. `browser` is what `BROWSER` says: commands between colons, `%s` where the address goes, else at the end.
///
/// # Errors
/// [`NoBrowser`], where none of them starts.
pub fn open(url: &Url, browser: Option<&str>) -> Result<(), NoBrowser> {
    let commands: Vec<Vec<String>> = match browser.map(str::trim).filter(|browser| !browser.is_empty()) {
        Some(browser) => chosen(browser, url.as_str()),
        None => system(url.as_str()),
    };
    let started = commands.into_iter().any(|words| start(&words));
    if started { Ok(()) } else { Err(NoBrowser) }
}

fn chosen(browser: &str, url: &str) -> Vec<Vec<String>> {
    // The whole value may be the path of one program, with spaces and colons in it.
    if std::path::Path::new(browser).is_file() {
        return vec![vec![browser.to_owned(), url.to_owned()]];
    }
    let separator = if cfg!(windows) { ';' } else { ':' };
    browser.split(separator).map(|command| words(command, url)).filter(|words| !words.is_empty()).collect()
}

fn words(command: &str, url: &str) -> Vec<String> {
    let mut words: Vec<String> = command.split_whitespace().map(|word| word.replace("%s", url)).collect();
    if !words.is_empty() && !command.contains("%s") {
        words.push(url.to_owned());
    }
    words
}

fn system(url: &str) -> Vec<Vec<String>> {
    let commands: &[&[&str]] = if cfg!(target_os = "macos") {
        &[&["open"]]
    } else if cfg!(windows) {
        &[&["rundll32.exe", "url.dll,FileProtocolHandler"]]
    } else {
        &[&["xdg-open"], &["gio", "open"]]
    };
    commands.iter().map(|words| words.iter().copied().chain([url]).map(str::to_owned).collect()).collect()
}

fn start(words: &[String]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for name in OURS {
        command.env_remove(name);
    }
    match command.spawn() {
        Ok(mut child) => {
            // Somebody has to wait for it, or it stays as a zombie; how it ends is its own affair.
            tokio::spawn(async move { drop(child.wait().await) });
            true
        }
        Err(fault) => {
            tracing::debug!(%fault, "a browser could not be started");
            false
        }
    }
}
