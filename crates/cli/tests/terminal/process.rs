//! Starts the program in a home of its own, away from the environment of whoever runs the tests.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// Variables that would change what the program does.
const OURS: [&str; 18] = [
    "BC_AGENT_HOME",
    "BC_AGENT_LOG",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "BC_AGENT_PROVIDER",
    "BC_AGENT_MODEL",
    "BC_AGENT_BC_URL",
    "BC_AGENT_ENVIRONMENT",
    "BC_AGENT_TENANT",
    "BC_AGENT_BC_TOKEN",
    "BC_AGENT_COMPANY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "NO_COLOR",
];

/// How a process ended and what it said.
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Standard output as one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.out, self.err))
    }

    /// Standard output as one JSON value per line.
    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    }
}

/// The program, without arguments.
pub fn program() -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_bc-agent")))
}

/// The command without the variables of whoever runs the tests.
pub fn clean(mut command: Command) -> Command {
    for name in OURS {
        command.env_remove(name);
    }
    command.env("TERM", "xterm-256color").env("TZ", "UTC");
    command
}

/// Runs to the end with this on standard input.
pub fn run(mut command: Command, input: &str) -> Ended {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that doesn't read its input may have closed it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A demo home that is deleted with this value.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A demo command in this home.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.arg("--demo").arg("--home").arg(self.path()).args(arguments);
        command
    }

    /// Runs a demo command in this home.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        run(self.command(arguments), "")
    }

    /// The customers of that name, asked from the demo company itself.
    pub fn customers(&self, name: &str) -> Vec<Value> {
        let filter = format!("displayName eq '{name}'");
        let input = serde_json::json!({"entity": "customers", "filter": filter}).to_string();
        let found = self.run(&["tools", "call", "bc_query_entities", &input, "--json"]);
        assert_eq!(found.code, Some(0), "{}", found.err);
        found.json()["output"]["rows"].as_array().unwrap().clone()
    }
}
