//! The settings: their names, defaults, checks and meanings. Values live in the store; the environment fills in where the
//! person set nothing.

use bca_protocol::{ErrorCode, SettingView, UserError};

/// A setting's name. Adding one here is all it takes for it to be listed, checked and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// Which protocol the model speaks.
    Provider,
    /// The model's id.
    Model,
    /// Root of the model's API.
    ModelBaseUrl,
    /// Tokens that the model may spend on reasoning.
    ThinkingBudget,
    /// Upper bound of one answer.
    MaxTokens,
    /// Model calls in a run.
    MaxTurns,
    /// How long a question waits.
    ApprovalTimeout,
    /// Whether `--approve all` is allowed outside the demo.
    UnattendedApproval,
    /// Entity sets that are never written.
    NeverWritten,
    /// Custom and third-party APIs beside those that an environment tells of.
    CustomApis,
    /// Which new records bring an id along.
    NewIds,
    /// The person's language.
    Language,
    /// The sign-in service.
    SignInAuthority,
    /// Whose accounts.
    SignInTenant,
    /// The app registration.
    SignInClientId,
    /// Where profiles are.
    SignInGraphUrl,
    /// What Business Central's API is called at the sign-in service.
    SignInScope,
    /// Where accounts are used.
    BusinessCentralUrl,
    /// How long entries of the audit log stay that are not about writes.
    AuditRetention,
    /// Light, dark, or as the system.
    Theme,
    /// After how long without use the window locks.
    LockAfter,
    /// How much is logged.
    LogLevel,
}

/// What a value must look like.
enum Check {
    Text,
    Number {
        least: u64,
        most: u64,
    },
    OneOf(&'static [&'static str]),
    HttpUrl,
    /// A tag, or nothing.
    Language,
}

/// Everything about one setting.
struct Definition {
    name: &'static str,
    default: &'static str,
    environment: Option<&'static str>,
    check: Check,
    description: &'static str,
}

impl Key {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 22] = [
        Self::Provider,
        Self::Model,
        Self::ModelBaseUrl,
        Self::ThinkingBudget,
        Self::MaxTokens,
        Self::MaxTurns,
        Self::ApprovalTimeout,
        Self::UnattendedApproval,
        Self::NeverWritten,
        Self::CustomApis,
        Self::NewIds,
        Self::Language,
        Self::SignInAuthority,
        Self::SignInTenant,
        Self::SignInClientId,
        Self::SignInGraphUrl,
        Self::SignInScope,
        Self::BusinessCentralUrl,
        Self::AuditRetention,
        Self::Theme,
        Self::LockAfter,
        Self::LogLevel,
    ];

    /// The setting of that name.
    ///
    /// # Errors
    /// A sentence that names the settings there are.
    pub fn parse(name: &str) -> Result<Self, UserError> {
        Self::ALL.into_iter().find(|key| key.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|key| key.name()).collect();
            UserError::new(ErrorCode::InvalidInput, format!("There is no setting `{name}`. The settings are: {}.", names.join(", ")))
        })
    }

    /// `agent.max_turns`
    #[must_use]
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// The environment variable that fills in where the person set nothing.
    #[must_use]
    pub fn environment(self) -> Option<&'static str> {
        self.definition().environment
    }

    /// The value where nobody says anything.
    #[must_use]
    pub fn default_value(self) -> &'static str {
        self.definition().default
    }

    fn definition(self) -> Definition {
        let define = |name, default, environment, check, description| Definition { name, default, environment, check, description };
        match self {
            Self::Provider => {
                define("model.provider", "anthropic", Some("BC_AGENT_PROVIDER"), Check::OneOf(&["anthropic"]), "The protocol that the model speaks.")
            }
            Self::Model => define(
                "model.id",
                "claude-sonnet-4-5",
                Some("BC_AGENT_MODEL"),
                Check::Text,
                "The model's id; passed on as it is, never checked against a list.",
            ),
            Self::ModelBaseUrl => define(
                "model.base_url",
                "https://api.anthropic.com",
                Some("ANTHROPIC_BASE_URL"),
                Check::HttpUrl,
                "Root of the model's API. Plain http only on this machine.",
            ),
            Self::ThinkingBudget => define(
                "model.thinking_tokens",
                "2000",
                None,
                Check::Number { least: 0, most: 64_000 },
                "Tokens that the model may spend on reasoning before it answers; 0 switches reasoning off, otherwise at least 1024.",
            ),
            Self::MaxTokens => define("model.max_tokens", "16000", None, Check::Number { least: 256, most: 128_000 }, "Upper bound of one answer, in tokens."),
            Self::MaxTurns => define("agent.max_turns", "20", None, Check::Number { least: 1, most: 200 }, "Model calls in one run at most."),
            Self::ApprovalTimeout => define(
                "approval.timeout_seconds",
                "300",
                None,
                Check::Number { least: 1, most: 3600 },
                "How long a question waits for an answer. After that it has expired and nothing is changed.",
            ),
            Self::UnattendedApproval => define(
                "automation.unattended_approval",
                "false",
                None,
                Check::OneOf(&["true", "false"]),
                "Whether `--approve all` may approve writes without a person outside the demo.",
            ),
            Self::NeverWritten => define("approval.never_written", "", None, Check::Text, "Entity sets that are never written, separated by commas."),
            Self::CustomApis => define(
                "business_central.custom_apis",
                "",
                None,
                Check::Text,
                "Custom APIs beside those that an environment tells of, as publisher/group/version, separated by commas.",
            ),
            Self::NewIds => define(
                "business_central.new_ids",
                "sandbox",
                None,
                Check::OneOf(&["sandbox", "everywhere", "never"]),
                "Where it is found out, by creating, which sets keep an id that a new record brings along. Where one is kept, a create without an answer is found for certain.",
            ),
            Self::Language => define(
                "language",
                "",
                None,
                Check::Language,
                "The language of captions, and of what Business Central says and prints, for example da-DK; empty for that of this computer.",
            ),
            Self::SignInAuthority => define(
                "sign_in.authority",
                bca_auth::PUBLIC_AUTHORITY,
                Some("BC_AGENT_AUTHORITY"),
                Check::HttpUrl,
                "The sign-in service, with or without a tenant. Plain http only on this machine.",
            ),
            Self::SignInTenant => define(
                "sign_in.tenant",
                "",
                Some("BC_AGENT_TENANT"),
                Check::Text,
                "Your organisation's tenant (its id or a domain); empty for any work account. Not used where the authority has one.",
            ),
            Self::SignInClientId => define(
                "sign_in.client_id",
                "",
                Some("BC_AGENT_CLIENT_ID"),
                Check::Text,
                "The application (client) id of your organisation's app registration (docs/sign-in.md).",
            ),
            Self::SignInGraphUrl => define(
                "sign_in.graph_url",
                "",
                Some("BC_AGENT_GRAPH_URL"),
                Check::Text,
                "Root of Microsoft Graph; empty for the one that the sign-in service names.",
            ),
            Self::SignInScope => define(
                "sign_in.scope",
                "https://api.businesscentral.dynamics.com/.default",
                None,
                Check::Text,
                "What Business Central's API is called at the sign-in service; another one only on premises.",
            ),
            Self::BusinessCentralUrl => define(
                "business_central.url",
                "https://api.businesscentral.dynamics.com/v2.0",
                Some("BC_AGENT_BC_URL"),
                Check::HttpUrl,
                "Root of Business Central. Tokens of signed-in accounts go to this server only.",
            ),
            Self::AuditRetention => define(
                "audit.retention_days",
                "90",
                None,
                Check::Number { least: 7, most: 36_500 },
                "How many days entries of the audit log stay that are not about writes. Evidence of writes stays.",
            ),
            Self::Theme => define("window.theme", "system", None, Check::OneOf(&["system", "light", "dark"]), "How the window looks."),
            Self::LockAfter => define(
                "window.lock_after_minutes",
                "0",
                None,
                Check::Number { least: 0, most: 1_440 },
                "Minutes without use after which the window locks; 0 is never. It covers the screen: files and terminal stay as they are.",
            ),
            Self::LogLevel => define(
                "log.level",
                "info",
                None,
                Check::OneOf(&["error", "warn", "info", "debug", "trace"]),
                "How much is logged. BC_AGENT_LOG goes before it.",
            ),
        }
    }

    /// Whether the value can be taken.
    ///
    /// # Errors
    /// A sentence that says what the setting takes.
    pub fn check(self, value: &str) -> Result<(), UserError> {
        let Definition { name, check, .. } = self.definition();
        let refuse = |wants: String| Err(UserError::new(ErrorCode::InvalidInput, format!("`{name}` takes {wants}, not `{}`.", value.escape_debug())));
        match check {
            Check::Text if value.chars().any(char::is_control) || value.len() > 2_000 => refuse("one line of text".into()),
            Check::Text => Ok(()),
            Check::Number { least, most } => match value.parse::<u64>() {
                Ok(number) if (least..=most).contains(&number) => Ok(()),
                Ok(_) | Err(_) => refuse(format!("a whole number from {least} to {most}")),
            },
            Check::OneOf(options) if options.contains(&value) => Ok(()),
            Check::OneOf(options) => refuse(options.join(" or ")),
            Check::Language if value.is_empty() || bca_bc::Language::parse(value).is_some_and(|language| language.tag() == value) => Ok(()),
            Check::Language => refuse("a language such as da-DK, or nothing".into()),
            Check::HttpUrl => match value.parse::<url::Url>() {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(()),
                Ok(_) | Err(_) => refuse("an https address".into()),
            },
        }
    }

    fn options(self) -> Vec<String> {
        match self.definition().check {
            Check::OneOf(options) => options.iter().map(|&o| o.to_owned()).collect(),
            Check::Text | Check::Number { .. } | Check::HttpUrl | Check::Language => Vec::new(),
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Default,
    Environment,
    User,
}

/// The values in force: the person's, else the environment's, else the default.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    user: std::collections::BTreeMap<String, String>,
    environment: std::collections::BTreeMap<&'static str, String>,
}

impl Settings {
    /// From what the store holds and what the environment says. Values that can't be taken are left out and told.
    pub fn new(stored: impl IntoIterator<Item = (String, String)>, environment: impl Fn(&str) -> Option<String>) -> (Self, Vec<UserError>) {
        let mut faults = Vec::new();
        let mut settings = Self::default();
        for (name, value) in stored {
            match Key::parse(&name).and_then(|key| key.check(&value)) {
                Ok(()) => drop(settings.user.insert(name, value)),
                Err(fault) => faults.push(fault),
            }
        }
        for key in Key::ALL {
            let Some(value) = key.environment().and_then(&environment) else { continue };
            match key.check(&value) {
                Ok(()) => drop(settings.environment.insert(key.name(), value)),
                Err(fault) => {
                    let name = key.environment().unwrap_or_default();
                    faults.push(UserError::new(ErrorCode::Configuration, format!("The environment variable {name} is wrong: {}", fault.message)));
                }
            }
        }
        (settings, faults)
    }

    /// The value in force.
    #[must_use]
    pub fn get(&self, key: Key) -> &str {
        self.sourced(key).0
    }

    /// The value in force as a number; the default where it is none, which [`Key::check`] excludes.
    #[must_use]
    pub fn number(&self, key: Key) -> u64 {
        self.get(key).parse().or_else(|_| key.default_value().parse()).unwrap_or_default()
    }

    /// Whether the person set it.
    #[must_use]
    pub fn is_set(&self, key: Key) -> bool {
        self.sourced(key).1 == Source::User
    }

    /// Takes a value that was stored; `None` goes back to the default.
    pub fn put(&mut self, key: Key, value: Option<&str>) {
        match value {
            Some(value) => drop(self.user.insert(key.name().to_owned(), value.to_owned())),
            None => drop(self.user.remove(key.name())),
        }
    }

    fn sourced(&self, key: Key) -> (&str, Source) {
        match (self.user.get(key.name()), self.environment.get(key.name())) {
            (Some(value), _) => (value, Source::User),
            (None, Some(value)) => (value, Source::Environment),
            (None, None) => (key.default_value(), Source::Default),
        }
    }

    /// One setting as it is shown.
    #[must_use]
    pub fn view(&self, key: Key) -> SettingView {
        let (value, source) = self.sourced(key);
        let source = match source {
            Source::Default => "default",
            Source::Environment => "environment",
            Source::User => "user",
        };
        SettingView {
            key: key.name().to_owned(),
            value: value.to_owned(),
            default: key.default_value().to_owned(),
            source: source.to_owned(),
            description: key.definition().description.to_owned(),
            options: key.options(),
        }
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
