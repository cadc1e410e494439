//! What may stand on the command line. A command appears here when it works.

use std::path::PathBuf;

pub use crate::args_serve::Serve;
use bca_protocol::{ApprovalId, ChangeId, Digest, RunId, SessionId};
use clap::{Args, Parser, Subcommand, ValueEnum, builder::NonEmptyStringValueParser};

/// BC Agent in a terminal: ask for things in Business Central in plain words; approve every change.
#[derive(Debug, Parser)]
#[command(name = "bc-agent", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not signed in, 4 a write was rejected or expired, 5 outcome of a write unknown.")]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that may stand before or after the command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Where the history is kept (else BC_AGENT_HOME, else the platform's data directory).
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Which connection to use.
    #[arg(long, global = true, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub connection: Option<String>,
    /// The built-in demo company, identity provider and model; its history is kept apart.
    #[arg(long, global = true)]
    pub demo: bool,
    /// Output for machines: one JSON object, or one per line for streams.
    #[arg(long, global = true)]
    pub json: bool,
    /// Say less; lists print ids only.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask for one thing and see it through.
    Ask(Ask),
    /// Talk: one message per line, until the end of input or /quit.
    Chat(Chat),
    /// Past conversations; works without a network.
    #[command(subcommand)]
    Sessions(Sessions),
    /// Find words in all messages and tool results.
    Search(Search),
    /// The tools that the agent has.
    #[command(subcommand)]
    Tools(Tools),
    /// Questions to a person: pending and past.
    #[command(subcommand)]
    Approvals(Approvals),
    /// Every write made, with before and after.
    #[command(subcommand)]
    Changes(Changes),
    /// What can be set.
    #[command(subcommand)]
    Settings(Settings),
    /// Copies of the database.
    #[command(subcommand)]
    Backup(Backup),
    /// Where reads and writes go: tenant, environment, company.
    #[command(subcommand)]
    Connections(Connections),
    /// Sign in with Microsoft, in your own browser.
    Login(Login),
    /// Sign out here.
    Logout(Logout),
    /// Who signed in, and what they can reach.
    Accounts {
        /// The list, where nothing else is asked for.
        #[command(subcommand)]
        command: Option<Accounts>,
    },
    /// The key under which tokens and API keys are stored.
    #[command(subcommand)]
    Secrets(Secrets),
    /// What may be done on a connection (--connection, else the active one).
    #[command(subcommand)]
    Permissions(crate::oversight::Permissions),
    /// What was done, by whom, and what came of it.
    #[command(subcommand)]
    Audit(crate::oversight::Audit),
    /// Your data: written out, deleted, and to whom it may go.
    #[command(subcommand)]
    Data(crate::oversight::Data),
    /// The demo servers on their own.
    #[command(subcommand)]
    Demo(Demo),
    /// What is set up, what is missing, what to do about it.
    Doctor,
}

/// What happens to writes that need approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Approve {
    /// Ask on the terminal; reject where there is none.
    Ask,
    /// Reject all of them.
    Reject,
    /// Approve all of them; only in the demo or where the setting automation.unattended_approval is true.
    All,
}

/// `ask`
#[derive(Debug, Args)]
pub struct Ask {
    /// What to ask for; `-` reads it from standard input.
    #[arg(required = true, value_name = "PROMPT")]
    pub prompt: Vec<String>,
    /// A file to go with the message; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<std::path::PathBuf>,
    /// Go on with this conversation.
    #[arg(long, value_name = "ID")]
    pub session: Option<SessionId>,
    /// What happens to writes that need approval.
    #[arg(long, value_enum, default_value_t = Approve::Ask)]
    pub approve: Approve,
}

/// `chat`
#[derive(Debug, Args)]
pub struct Chat {
    /// Go on with this conversation.
    #[arg(long, value_name = "ID")]
    pub session: Option<SessionId>,
}

/// `sessions`
#[derive(Debug, Subcommand)]
pub enum Sessions {
    /// All conversations, newest first.
    List,
    /// One conversation with everything in it.
    Show {
        /// The conversation.
        id: SessionId,
    },
    /// Give a conversation another title.
    Rename {
        /// The conversation.
        id: SessionId,
        /// Its new title.
        #[arg(required = true)]
        title: Vec<String>,
    },
    /// Delete a conversation's messages; its approvals and changes stay on record.
    Delete {
        /// The conversation.
        id: SessionId,
    },
    /// Write a conversation to standard output.
    Export {
        /// The conversation.
        id: SessionId,
        /// In which form.
        #[arg(long, value_enum, default_value_t = Format::Json)]
        format: Format,
    },
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON, everything.
    Json,
    /// Markdown, to read.
    Md,
}

/// `search`
#[derive(Debug, Args)]
pub struct Search {
    /// The words.
    #[arg(required = true, value_name = "QUERY")]
    pub query: Vec<String>,
    /// How many places at most.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
}

/// `tools`
#[derive(Debug, Subcommand)]
pub enum Tools {
    /// All of them, with what they do to the books.
    List,
    /// Call one; writes go through the same approval as the agent's.
    Call {
        /// The tool.
        name: String,
        /// Its input as a JSON object; `-` reads it from standard input.
        #[arg(value_name = "JSON")]
        input: String,
        /// What happens to writes that need approval.
        #[arg(long, value_enum, default_value_t = Approve::Ask)]
        approve: Approve,
    },
}

/// `approvals`
#[derive(Debug, Subcommand)]
pub enum Approvals {
    /// Pending and past questions.
    List {
        /// Only those that wait for an answer.
        #[arg(long)]
        pending: bool,
    },
    /// One question with every field.
    Show {
        /// The question.
        id: ApprovalId,
    },
    /// Say yes to exactly what was shown.
    Approve {
        /// The question.
        id: ApprovalId,
        /// The digest of what was shown (`approvals show` prints it).
        #[arg(long, value_name = "SHA256")]
        digest: Digest,
        /// What has to be typed to approve a large set (`approvals show` says so).
        #[arg(long, value_name = "TEXT")]
        typed: Option<String>,
    },
    /// Change values or take changes out before approving; prints the question as it stands then.
    Edit {
        /// The question.
        id: ApprovalId,
        /// The digest of what was shown (`approvals show` prints it).
        #[arg(long, value_name = "SHA256")]
        digest: Digest,
        /// A value for a field, as `FIELD=VALUE`, or `2 FIELD=VALUE` in the second change; nothing after `=` clears it.
        #[arg(long, value_name = "EDIT", value_parser = edit)]
        set: Vec<crate::editing::Edit>,
        /// Take this change (1, 2, 3 ...) out, or put it back.
        #[arg(long, value_name = "NUMBER")]
        toggle: Vec<usize>,
    },
    /// Say no.
    Reject {
        /// The question.
        id: ApprovalId,
        /// Why; the model and the history are told.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// `changes`
#[derive(Debug, Subcommand)]
pub enum Changes {
    /// All writes, newest first.
    List {
        /// Only those of this conversation.
        #[arg(long, value_name = "ID")]
        session: Option<SessionId>,
    },
    /// One write with before and after.
    Show {
        /// The write.
        id: ChangeId,
    },
    /// Everything about a write, or about all writes of a conversation, as one page for the files: request, diff, edits, decision, read-back.
    Evidence {
        /// The write.
        #[arg(required_unless_present = "session")]
        id: Option<ChangeId>,
        /// All writes of this conversation.
        #[arg(long, value_name = "ID", conflicts_with = "id")]
        session: Option<SessionId>,
        /// Where to write it, in place of standard output; the file must not exist.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// How it is written.
        #[arg(long, value_enum, default_value_t = EvidenceFormat::Html)]
        format: EvidenceFormat,
    },
    /// Take a write back: a new write with its own approval.
    Undo {
        /// The write.
        #[arg(required_unless_present = "run")]
        id: Option<ChangeId>,
        /// All writes of this run, the last one first.
        #[arg(long, value_name = "ID", conflicts_with = "id")]
        run: Option<RunId>,
        /// What happens to the write, which needs approval.
        #[arg(long, value_enum, default_value_t = Approve::Ask)]
        approve: Approve,
    },
}

/// How evidence is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvidenceFormat {
    /// One page without scripts, fit for printing.
    Html,
    /// For programs.
    Json,
}

/// `settings`
#[derive(Debug, Subcommand)]
pub enum Settings {
    /// All settings with their values.
    List,
    /// The value of one.
    Get {
        /// Its name.
        #[arg(value_parser = setting)]
        key: bca_app::Key,
    },
    /// Give one a value.
    Set {
        /// Its name.
        #[arg(value_parser = setting)]
        key: bca_app::Key,
        /// The value.
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Go back to the default.
    Reset {
        /// Its name.
        #[arg(value_parser = setting)]
        key: bca_app::Key,
    },
}

/// `backup`
#[derive(Debug, Subcommand)]
pub enum Backup {
    /// Copy the database now.
    Create,
    /// All copies, newest first.
    List,
    /// Put a copy in the place of the database; the app must not be open.
    Restore {
        /// The copy, as `backup list` names it.
        name: String,
    },
}

/// `connections`
#[derive(Debug, Subcommand)]
pub enum Connections {
    /// All of them; the active one is marked.
    List,
    /// Add one, for a signed-in account (--account), or for a bearer token, which is read from BC_AGENT_BC_TOKEN or from standard input and not stored.
    Add {
        /// A name of your choice.
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// Root of the API, ending in /api/v2.0 (else BC_AGENT_BC_URL).
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// As whom: a signed-in account's id, mail address or name.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// The environment, with --account (not needed where there is only one, or with --base-url).
        #[arg(long, value_name = "NAME", requires = "account")]
        environment: Option<String>,
        /// The company's name or id (else BC_AGENT_COMPANY; not needed where there is only one).
        #[arg(long, value_name = "COMPANY")]
        company: Option<String>,
    },
    /// Make one the active one.
    Use {
        /// Its name.
        name: String,
    },
    /// Take one out; its history stays.
    Remove {
        /// Its name.
        name: String,
    },
    /// See whether it answers.
    Test {
        /// Its name; the active one where none is given.
        name: Option<String>,
    },
}

/// `login`
#[derive(Debug, Args)]
pub struct Login {
    /// How long to wait for the browser.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: Option<u64>,
}

/// `logout`
#[derive(Debug, Args)]
pub struct Logout {
    /// Whom: an id, mail address or name. Not needed where only one is signed in.
    #[arg(conflicts_with = "all")]
    pub account: Option<String>,
    /// Everybody.
    #[arg(long)]
    pub all: bool,
}

/// `accounts`
#[derive(Debug, Subcommand)]
pub enum Accounts {
    /// Everybody who signed in here.
    List,
    /// Environments and companies that an account can reach.
    Environments {
        /// Its id, mail address or name.
        account: String,
    },
    /// Forget an account with its tokens and connections; its history stays.
    Remove {
        /// Its id, mail address or name.
        account: String,
    },
}

/// `secrets`
#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// Put a new key in force and seal everything anew under it. Happens by itself every 90 days.
    Rotate,
}

/// `demo`
#[derive(Debug, Subcommand)]
pub enum Demo {
    /// Serve the demo company, model and identity provider until stopped. Prints their addresses as one line of JSON.
    Serve(Serve),
}

fn edit(text: &str) -> Result<crate::editing::Edit, String> {
    crate::editing::Edit::parse(text).ok_or_else(|| "write FIELD=VALUE, or 2 FIELD=VALUE for the second change".to_owned())
}

fn setting(name: &str) -> Result<bca_app::Key, String> {
    bca_app::Key::parse(name).map_err(|e| e.message)
}

/// What `--json` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// One event per line.
    Events,
    /// One object, an error too.
    Object,
}

impl Command {
    /// What `--json` prints.
    #[must_use]
    pub const fn output(&self) -> Output {
        match self {
            Self::Ask(_) | Self::Chat(_) | Self::Changes(Changes::Undo { .. }) => Output::Events,
            Self::Sessions(_)
            | Self::Search(_)
            | Self::Tools(_)
            | Self::Approvals(_)
            | Self::Changes(Changes::List { .. } | Changes::Show { .. } | Changes::Evidence { .. })
            | Self::Settings(_)
            | Self::Backup(_)
            | Self::Connections(_)
            | Self::Login(_)
            | Self::Logout(_)
            | Self::Accounts { .. }
            | Self::Secrets(_)
            | Self::Permissions(_)
            | Self::Audit(_)
            | Self::Data(_)
            | Self::Demo(_)
            | Self::Doctor => Output::Object,
        }
    }
}

#[cfg(test)]
#[path = "args_tests.rs"]
mod tests;
