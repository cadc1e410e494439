//! `demo serve`, and the program against servers that are not its own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::process::{Ended, Home, program, run};

/// Demo servers of another process; stopped with this value.
pub struct Servers {
    child: Child,
    addresses: Value,
    out: BufReader<ChildStdout>,
}

impl Servers {
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = program();
        command.args(["demo", "serve"]).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        Self { child, addresses: serde_json::from_str(&line).unwrap(), out }
    }

    fn text(&self, name: &str) -> &str {
        self.addresses[name].as_str().unwrap()
    }

    /// Asks the company as anybody may: the status, and all that was answered.
    fn ask(&self, method: &str, address: &str, body: &str) -> (u16, String) {
        let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let request = format!(
            "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            self.text("bc_token"),
            body.len()
        );
        let mut stream = TcpStream::connect(host).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).unwrap();
        (told.split(' ').nth(1).unwrap().parse().unwrap(), told)
    }

    /// Whether a customer of this name, which has no blanks, stands in the books.
    pub fn stands(&self, name: &str) -> bool {
        let address =
            format!("{}/companies({})/customers?$filter=displayName%20eq%20'{name}'&$select=displayName", self.text("bc_url"), self.text("company_id"));
        let (status, told) = self.ask("GET", &address, "");
        assert_eq!(status, 200, "{told}");
        told.contains(&format!("\"{name}\""))
    }

    /// The environment of a person whose Business Central and model are these servers.
    pub fn environment(&self) -> [(&str, &str); 6] {
        [
            ("BC_AGENT_BC_URL", self.text("bc_url")),
            ("BC_AGENT_BC_TOKEN", self.text("bc_token")),
            ("BC_AGENT_COMPANY", self.text("company_id")),
            ("BC_AGENT_MODEL", "demo"),
            ("ANTHROPIC_BASE_URL", self.text("model_url")),
            ("ANTHROPIC_API_KEY", self.text("model_key")),
        ]
    }

    pub fn command(&self, home: &Home, arguments: &[&str]) -> Command {
        let mut command = program();
        command.arg("--home").arg(home.path()).args(arguments).envs(self.environment());
        command
    }

    pub fn run(&self, home: &Home, arguments: &[&str]) -> Ended {
        run(self.command(home, arguments), "")
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_servers_are_ready_within_two_seconds_and_say_so_in_a_private_file() {
    let home = Home::new();
    let file = home.path().join("ready.json");
    std::fs::write(&file, "stale").unwrap();
    let begun = Instant::now();
    let mut servers = Servers::start(&["--ready-file", file.to_str().unwrap(), "--seed", "7"]);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    for name in ["bc_url", "company_id", "bc_token", "authority", "client_id", "model_url", "model_key"] {
        assert!(!servers.text(name).is_empty(), "{name}");
    }
    assert!(servers.text("bc_url").ends_with("/api/v2.0"));
    stop(&mut servers);
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(written, servers.addresses);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// SIGTERM, and a clean end with nothing more on standard output.
fn stop(servers: &mut Servers) {
    let id = servers.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(servers.child.wait().unwrap().code(), Some(0));
    let mut more = String::new();
    servers.out.read_line(&mut more).unwrap();
    assert_eq!(more, "");
}

#[test]
fn a_switch_that_cannot_be_read_is_wrong_usage_and_says_which_there_are() {
    for spec in ["nonsense", "duplicate-status=418", "honours-client-ids=perhaps"] {
        let mut command = program();
        command.args(["demo", "serve", "--switch", spec]);
        let ended = run(command, "");
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{spec}");
        assert!(ended.err.contains(spec) && ended.err.contains("after-failure=goes-on|stops"), "{}", ended.err);
    }
    let mut command = program();
    command.args(["demo", "serve", "--extension", "no-such"]);
    assert_eq!(run(command, "").code, Some(2));
}

#[test]
fn switches_and_an_extension_reach_the_company() {
    let extended = Servers::start(&["--extension", "loyalty", "--switch", "duplicate-status=409"]);
    let plain = Servers::start(&[]);
    let members = |servers: &Servers| {
        let root = servers.text("bc_url").strip_suffix("/v2.0").unwrap().to_owned();
        servers.ask("GET", &format!("{root}/contoso/loyalty/v1.0/companies({})/loyaltyMembers", servers.text("company_id")), "").0
    };
    assert_eq!((members(&extended), members(&plain)), (200, 404));
    let twice = |servers: &Servers| {
        let address = format!("{}/companies({})/customers", servers.text("bc_url"), servers.text("company_id"));
        servers.ask("POST", &address, r#"{"number":"10000","displayName":"Again"}"#)
    };
    let (status, told) = twice(&extended);
    assert!(status == 409 && told.contains("EntityWithSameKeyExists"), "{status} {told}");
    assert_eq!(twice(&plain).0, 400);
}

#[test]
fn a_fault_that_cannot_be_read_is_wrong_usage() {
    let ended = run(
        {
            let mut command = program();
            command.args(["demo", "serve", "--fault", "nonsense"]);
            command
        },
        "",
    );
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
}

#[test]
fn a_persons_own_servers_are_used_as_the_environment_says() {
    let (home, servers) = (Home::new(), Servers::start(&[]));
    let ended = servers.run(&home, &["ask", "How many customers are there?"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.contains("customers"));
    assert!(!ended.err.contains("it is not Claude"), "a model of the person's own is named as it is: {}", ended.err);
}

#[test]
fn an_unknown_outcome_is_5_and_a_token_that_is_refused_is_3() {
    let (home, servers) = (Home::new(), Servers::start(&["--fault", "customers:POST:1:drop-after-commit"]));
    assert_eq!(servers.run(&home, &["settings", "set", "automation.unattended_approval", "true"]).code, Some(0));
    let ended = servers.run(&home, &["ask", "Create a customer named Lost Answer AS", "--approve", "all"]);
    assert_eq!(ended.code, Some(5), "{}\n{}", ended.out, ended.err);
    assert!(ended.err.contains("? Create customer Lost Answer AS: unknown."), "{}", ended.err);
    let mut command = servers.command(&home, &["connections", "test", "--json"]);
    command.env("BC_AGENT_BC_TOKEN", "wrong");
    let refused = run(command, "");
    assert_eq!((refused.code, refused.json()["error"]["code"].as_str()), (Some(3), Some("not_signed_in")), "{}", refused.err);
}

#[test]
fn a_connection_takes_its_token_from_standard_input_and_keeps_it_nowhere() {
    let (home, servers) = (Home::new(), Servers::start(&[]));
    let company = servers.text("company_id");
    let mut command = program();
    command.arg("--home").arg(home.path()).args(["connections", "add", "books", "--base-url", servers.text("bc_url"), "--company", company, "--json"]);
    let added = run(command, &format!("{}\n", servers.text("bc_token")));
    assert_eq!((added.code, added.json()["name"].as_str()), (Some(0), Some("books")), "{}", added.err);
    assert!(added.err.contains("not stored"), "{}", added.err);
    for entry in std::fs::read_dir(home.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let token = servers.text("bc_token").as_bytes();
            assert!(!bytes.windows(token.len()).any(|window| window == token), "{}", path.display());
        }
    }
    let mut command = program();
    command.arg("--home").arg(home.path()).args(["connections", "test", "books"]);
    assert_eq!(run(command, "").code, Some(3));
    let mut command = program();
    command.arg("--home").arg(home.path()).args(["connections", "add", "more", "--base-url", servers.text("bc_url")]);
    assert_eq!(run(command, "").code, Some(2), "no token");
}
