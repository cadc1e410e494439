//! The audit log as front ends see it: what was done, by whom, from where, and what came of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{RawJson, RunId, SessionId};

macro_rules! worded {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word on the wire, in the store and in exports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value of that word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }
    };
}

worded! {
    /// Through what something was done.
    AuditClient {
        /// The window.
        Window = "window",
        /// A terminal: `ask`, `chat` and their like.
        Terminal = "terminal",
        /// A single command without a conversation, `bc-agent approvals approve`.
        CommandLine = "command_line",
        /// Another program through the gateway.
        Gateway = "gateway",
        /// A rule that a person set beforehand.
        Automation = "automation",
        /// The engine by itself: a deadline, recovery, retention.
        Engine = "engine",
    }
}

worded! {
    /// What was done. What is about a write is kept until it is deleted on purpose; the rest falls under the retention.
    AuditAction {
        /// Somebody signed in.
        SignIn = "sign_in",
        /// Somebody signed out.
        SignOut = "sign_out",
        /// A sign-in that did not come to its end.
        SignInFailed = "sign_in_failed",
        /// A token could not be renewed.
        RefreshFailed = "refresh_failed",
        /// An account was taken out with what belongs to it.
        AccountRemoved = "account_removed",
        /// A secret was stored or removed; never its value.
        SecretChanged = "secret_changed",
        /// A connection was added or changed.
        ConnectionAdded = "connection_added",
        /// Another connection became the active one.
        ConnectionUsed = "connection_used",
        /// A connection was taken out.
        ConnectionRemoved = "connection_removed",
        /// Permissions of a connection were changed.
        PermissionsChanged = "permissions_changed",
        /// A setting was changed.
        SettingChanged = "setting_changed",
        /// Somebody agreed that company data goes to a model provider.
        AgreementGiven = "agreement_given",
        /// That agreement was taken back.
        AgreementWithdrawn = "agreement_withdrawn",
        /// A question was put to a person.
        ApprovalAsked = "approval_asked",
        /// A question was edited before it was answered.
        ApprovalEdited = "approval_edited",
        /// A question came to its end.
        ApprovalDecided = "approval_decided",
        /// A set was tried out before anybody was asked, and what came of it.
        DryRun = "dry_run",
        /// The policy refused a write or a read.
        Denied = "denied",
        /// A write was about to leave.
        WriteSent = "write_sent",
        /// What came of a write.
        WriteSettled = "write_settled",
        /// A write that was approved was given up before it left.
        WriteNotSent = "write_not_sent",
        /// A write that takes back an earlier one was about to leave.
        UndoSent = "undo_sent",
        /// What came of taking back.
        UndoSettled = "undo_settled",
        /// Something was written out of the home.
        Exported = "exported",
        /// Something was deleted.
        Deleted = "deleted",
        /// A backup was put in the place of the database.
        Restored = "restored",
        /// An external server was added, changed or removed.
        ServerChanged = "server_changed",
        /// A tool of an external server was approved or stopped.
        ToolChanged = "tool_changed",
        /// A checkpoint of this log was exported; its head is this entry.
        Checkpoint = "checkpoint",
        /// Old entries were removed under the retention.
        Pruned = "pruned",
        /// From here on another key protects this log.
        KeyChanged = "key_changed",
    }
}

impl AuditAction {
    /// Whether it is evidence that stays until it is deleted on purpose: writes, what led to them, and what holds the log together.
    #[must_use]
    pub const fn is_evidence(self) -> bool {
        match self {
            Self::ApprovalAsked
            | Self::ApprovalEdited
            | Self::ApprovalDecided
            | Self::DryRun
            | Self::WriteSent
            | Self::WriteSettled
            | Self::WriteNotSent
            | Self::UndoSent
            | Self::UndoSettled
            | Self::Deleted
            | Self::Restored
            | Self::AgreementGiven
            | Self::AgreementWithdrawn
            | Self::Checkpoint
            | Self::Pruned
            | Self::KeyChanged => true,
            Self::SignIn
            | Self::SignOut
            | Self::SignInFailed
            | Self::RefreshFailed
            | Self::AccountRemoved
            | Self::SecretChanged
            | Self::ConnectionAdded
            | Self::ConnectionUsed
            | Self::ConnectionRemoved
            | Self::PermissionsChanged
            | Self::SettingChanged
            | Self::Denied
            | Self::Exported
            | Self::ServerChanged
            | Self::ToolChanged => false,
        }
    }
}

worded! {
    /// What came of it.
    AuditOutcome {
        /// It was done.
        Done = "done",
        /// Somebody or a rule said no.
        Refused = "refused",
        /// It was tried and failed.
        Failed = "failed",
        /// Nobody knows.
        Unknown = "unknown",
        /// It is under way: its end has an entry of its own.
        Pending = "pending",
    }
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AuditEntry {
    /// Its number: 1, 2, 3 … in the order in which things were written down.
    pub seq: u64,
    /// When (UTC).
    #[ts(type = "string")]
    pub at: Timestamp,
    /// As whom; absent where the account's data was deleted.
    pub account: Option<String>,
    /// Through what.
    pub client: AuditClient,
    /// The program's version.
    pub version: String,
    /// The connection's name.
    pub connection: Option<String>,
    /// The conversation.
    pub session_id: Option<SessionId>,
    /// The run.
    pub run_id: Option<RunId>,
    /// What Business Central's own log calls the request.
    pub correlation_id: Option<String>,
    /// What was done.
    pub action: AuditAction,
    /// To what: an entity set for writes (`customers`), else a kind of thing (`setting`, `connection`, `approval`).
    pub resource: String,
    /// Its id.
    pub resource_id: Option<String>,
    /// What came of it.
    pub outcome: AuditOutcome,
    /// More, as JSON; absent where there is none or where it can't be read.
    pub details: Option<RawJson>,
    /// Whether details were there and were deleted with the account's data.
    pub details_deleted: bool,
    /// Whether details are there and can't be read, because the log's key of that time is not here.
    pub details_lost: bool,
    /// The entry's seal, hexadecimal: a keyed hash over this entry and all before it.
    pub seal: String,
}

/// Which entries are asked for; what is absent fits all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct AuditFilter {
    /// As whom.
    #[ts(optional = nullable)]
    pub account: Option<String>,
    /// Through what.
    #[ts(optional = nullable)]
    pub client: Option<AuditClient>,
    /// What was done.
    #[ts(optional = nullable)]
    pub action: Option<AuditAction>,
    /// To what.
    #[ts(optional = nullable)]
    pub resource: Option<String>,
    /// To which.
    #[ts(optional = nullable)]
    pub resource_id: Option<String>,
    /// What came of it.
    #[ts(optional = nullable)]
    pub outcome: Option<AuditOutcome>,
    /// Where.
    #[ts(optional = nullable)]
    pub connection: Option<String>,
    /// In which conversation.
    #[ts(optional = nullable)]
    pub session_id: Option<SessionId>,
    /// Not before (UTC).
    #[ts(optional = nullable, type = "string | null")]
    pub from: Option<Timestamp>,
    /// Before (UTC).
    #[ts(optional = nullable, type = "string | null")]
    pub until: Option<Timestamp>,
}

/// Where the next page begins; handed back as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuditCursor {
    /// Microseconds since 1970-01-01 UTC.
    #[ts(type = "number")]
    pub at: i64,
    /// Its number.
    #[ts(type = "number")]
    pub seq: u64,
}

/// Some entries, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// Where to go on; absent at the end. A page may hold fewer entries than were asked for and still have a next one: a search
    /// for something rare is cut into pieces.
    pub next: Option<AuditCursor>,
}

/// What somebody notes outside of this computer, to find out later whether anything before it was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AuditCheckpoint {
    /// Of what this is: `bc-agent audit checkpoint 1`.
    pub kind: String,
    /// Entries from the first on, pruned ones included; the number of the head.
    #[ts(type = "number")]
    pub count: u64,
    /// The head's seal, hexadecimal.
    pub head: String,
    /// When (UTC).
    #[ts(type = "string")]
    pub at: Timestamp,
    /// HMAC-SHA-256 over the above, hexadecimal: only this home's key makes it.
    pub signature: String,
}

/// One thing that is wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AuditFinding {
    /// Near which entry.
    #[ts(type = "number | null")]
    pub seq: Option<u64>,
    /// What, as a sentence.
    pub message: String,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AuditVerdict {
    /// Whether everything fits together.
    pub intact: bool,
    /// Entries that were looked at.
    #[ts(type = "number")]
    pub checked: u64,
    /// Entries that retention removed; their places are sealed.
    #[ts(type = "number")]
    pub pruned: u64,
    /// Entries that no secret key protects (the demo, or a time without a keyring): anybody could have rewritten them.
    #[ts(type = "number")]
    pub unprotected: u64,
    /// Entries whose key is lost, as an entry after them says: whether they are as they were written can't be told.
    #[ts(type = "number")]
    pub unverifiable: u64,
    /// The number of the last of those. Everything after it was verified.
    #[ts(type = "number | null")]
    pub unverifiable_until: Option<u64>,
    /// The number of the newest entry.
    #[ts(type = "number")]
    pub count: u64,
    /// The newest entry's seal, hexadecimal.
    pub head: Option<String>,
    /// Whether an exported checkpoint was compared.
    pub against_checkpoint: bool,
    /// What is wrong; the first few.
    pub findings: Vec<AuditFinding>,
}

/// The form of an exported log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AuditFormat {
    /// Comma-separated values (RFC 4180), safe to open in a spreadsheet.
    Csv,
    /// One JSON object per line.
    JsonLines,
}

/// An agreement that company data goes to a model provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AgreementView {
    /// The provider with its address, `anthropic https://api.anthropic.com`.
    pub provider: String,
    /// The wording's version.
    pub version: u32,
    /// The wording.
    pub text: String,
    /// Whether it holds now.
    pub agreed: bool,
    /// Who agreed: a person, or the key in the environment.
    pub how: Option<String>,
    /// When (UTC).
    #[ts(type = "string | null")]
    pub agreed_at: Option<Timestamp>,
    /// When it was taken back (UTC).
    #[ts(type = "string | null")]
    pub withdrawn_at: Option<Timestamp>,
}

/// One place that an export wrote or a deletion emptied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct DataReportLine {
    /// What: `conversations`, `audit log`, `backups`.
    pub what: String,
    /// How many.
    #[ts(type = "number")]
    pub count: u64,
    /// Where: a file, or a place in the database.
    pub place: String,
    /// What stays or is worth knowing, as a sentence.
    pub note: Option<String>,
}

/// What an export wrote, or a deletion removed, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct DataReport {
    /// Each place.
    pub lines: Vec<DataReportLine>,
}

/// What is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeletionScope {
    /// Everything that this home holds of everybody.
    Everything,
    /// What belongs to one account.
    Account {
        /// The account, as connections and the audit log name it.
        account: String,
    },
}
