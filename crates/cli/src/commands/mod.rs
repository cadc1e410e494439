//! One file per group of commands.

mod accounts;
mod approvals;
mod ask;
mod audit;
mod backup;
mod changes;
mod chat;
mod connections;
mod data;
mod demo;
mod doctor;
mod evidence;
mod login;
mod logout;
mod permissions;
mod search;
mod sessions;
mod settings;
mod tools;
mod undo;

use bca_app::{App, Config, Key};
use bca_protocol::{Reviewer, UserError};

use crate::{
    args::{Approvals, Backup, Command, Demo},
    console::Console,
    exit::{Exit, Failure},
    render::words::value,
};

/// Does what the command line asks for. The app, where one was started, is always stopped.
///
/// # Errors
/// Whatever kept the command from finishing.
pub async fn run(command: Command, config: Config, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Command::Demo(Demo::Serve(serve)) => demo::serve(serve, console).await,
        Command::Doctor => doctor::run(&config, console).await,
        Command::Backup(Backup::Restore { name }) => backup::restore(config, &name, console).await,
        command => with_app(command, config, console).await,
    }
}

async fn with_app(command: Command, mut config: Config, console: &mut Console) -> Result<Exit, Failure> {
    if let Command::Approvals(Approvals::Approve { .. } | Approvals::Edit { .. } | Approvals::Reject { .. }) = &command {
        config.client = Reviewer::CommandLine;
    }
    let filter = config.environment.get("BC_AGENT_LOG").map(str::to_owned);
    let token = config.environment.secret("BC_AGENT_BC_TOKEN").cloned();
    let environment = connections::FromEnvironment {
        token,
        base_url: config.environment.get("BC_AGENT_BC_URL").map(str::to_owned),
        company: config.environment.get("BC_AGENT_COMPANY").map(str::to_owned),
    };
    let connection = config.connection.clone();
    let app = App::start(config).await?;
    let log = start_log(&app, filter).await;
    // `chat` greets with them.
    let greets = matches!(command, Command::Chat(_));
    let told = if greets { 0 } else { notice(&app, 0, console) };
    let ended = match &log {
        Ok(_) => dispatch(&app, command, connection, environment, console).await,
        Err(fault) => Err(fault.clone().into()),
    };
    // What came up on the way: the demo company starts when it is first asked for.
    if !greets {
        notice(&app, told, console);
    }
    app.stop().await;
    // Written to its end only now: stopping has something to say too.
    drop(log);
    ended
}

/// What an earlier process left unfinished, after those that were told: told once, by whichever command comes next. How many there are.
fn notice(app: &App, told: usize, console: &mut Console) -> usize {
    let notices = app.notices();
    for notice in notices.iter().skip(told) {
        console.remark(&format!("! {}", value(&notice.text)));
    }
    notices.len()
}

/// The log, as BC_AGENT_LOG says, else as the setting does.
async fn start_log(app: &App, filter: Option<String>) -> Result<impl Sized, UserError> {
    let filter = match filter {
        Some(filter) => filter,
        None => app.setting(Key::LogLevel).await?.value,
    };
    bca_app::start_log(app.home(), &filter)
}

async fn dispatch(
    app: &App,
    command: Command,
    connection: Option<String>,
    environment: connections::FromEnvironment,
    console: &mut Console,
) -> Result<Exit, Failure> {
    match command {
        Command::Ask(ask) => ask::run(app, ask, console).await,
        Command::Chat(chat) => chat::run(app, chat, console).await,
        Command::Sessions(sessions) => sessions::run(app, sessions, console).await,
        Command::Search(search) => search::run(app, search, console).await,
        Command::Tools(tools) => tools::run(app, tools, console).await,
        Command::Approvals(approvals) => approvals::run(app, approvals, console).await,
        Command::Changes(changes) => changes::run(app, changes, console).await,
        Command::Settings(settings) => settings::run(app, settings, console).await,
        Command::Backup(backup) => backup::run(app, backup, console).await,
        Command::Login(login) => login::run(app, login, connection, console).await,
        Command::Logout(logout) => logout::run(app, logout, connection, console).await,
        Command::Accounts { command } => accounts::run(app, command, console).await,
        Command::Secrets(secrets) => accounts::secrets(app, secrets, console).await,
        Command::Connections(connections) => connections::run(app, connections, environment, console).await,
        Command::Permissions(permissions) => permissions::run(app, connection.as_deref(), permissions, console).await,
        Command::Audit(audit) => audit::run(app, audit, console).await,
        Command::Data(data) => data::run(app, data, console).await,
        // Done without a running app, above.
        Command::Demo(_) | Command::Doctor => Ok(Exit::Done),
    }
}
