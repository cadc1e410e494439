//! `demo serve`: the demo servers on their own.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use bca_app::demo::{self, Data, ServeOptions};
use bca_protocol::{ErrorCode, UserError};

use crate::{
    args::Serve,
    console::Console,
    escape::one_line_json,
    exit::{Exit, Failure},
    signals::Signals,
};

pub(super) async fn serve(serve: Serve, console: &mut Console) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    if let Some(file) = &serve.ready_file {
        forget(file)?;
    }
    let options = ServeOptions {
        bc_port: serve.bc_port,
        model_port: serve.model_port,
        identity_port: serve.identity_port,
        seed: serve.seed,
        scale: serve.scale,
        faults: serve.faults,
        switches: serve.switches,
        extension: serve.extension.into(),
        data: Data::Memory,
        ..ServeOptions::default()
    };
    let servers = demo::serve(options).await?;
    let line = serde_json::to_string(servers.addresses()).map_err(std::io::Error::other)?;
    let line = format!("{}\n", one_line_json(&line));
    let told = console.print(&line).and_then(|()| match &serve.ready_file {
        Some(file) => publish(file, &line),
        None => Ok(()),
    });
    if told.is_ok() {
        signals.next().await;
    }
    servers.stop().await;
    told.map(|()| Exit::Done)
}

/// A file of an earlier start must not be taken for ours.
fn forget(file: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(file) {
        Ok(()) => Ok(()),
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(fault) => Err(unwritable(file, &fault)),
    }
}

/// Whole or not at all, and for this user only: there is a token in it.
fn publish(file: &Path, line: &str) -> Result<(), Failure> {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(name);
    let written = private(&draft).and_then(|mut open| open.write_all(line.as_bytes())).and_then(|()| std::fs::rename(&draft, file));
    written.map_err(|fault| {
        // Whatever is left of it helps nobody.
        let _ = std::fs::remove_file(&draft);
        unwritable(file, &fault)
    })
}

fn private(file: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

fn unwritable(file: &Path, fault: &std::io::Error) -> Failure {
    Failure::Error(UserError::new(ErrorCode::Configuration, format!("The ready file {} could not be written: {fault}.", file.display())))
}
