//! Signing in from a terminal: a browser, a keyring of the desktop's own kind, several processes one after the other.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bca_demo::identity::{self, Misbehaviour};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::process::{Ended, clean, program, run};

/// Starts a keyring that is unlocked with an empty password, then becomes the command in its arguments.
const WITH_KEYRING: &str = r#"printf '\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec "$@""#;
/// A browser: goes where it is sent.
const BROWSER: &str = "await fetch(process.argv[2]);";
const QUERY: [&str; 5] = ["tools", "call", "bc_query_entities", r#"{"entity": "customers", "top": 1}"#, "--json"];

/// Moments at which a renewal, or a rotation of the key, is killed: a twentieth, or all where `BC_AGENT_TORTURE` is set.
fn kills(all: u64) -> u64 {
    if std::env::var_os("BC_AGENT_TORTURE").is_some() { all } else { all / 20 }
}

/// A person's computer with a home, and the demo's servers in a process of their own, where it has them.
struct Computer {
    servers: Option<Child>,
    told: Value,
    files: TempDir,
}

impl Drop for Computer {
    fn drop(&mut self) {
        if let Some(servers) = &mut self.servers {
            let _ = servers.kill();
            let _ = servers.wait();
        }
    }
}

impl Computer {
    fn new() -> Self {
        let mut command = program();
        command.args(["demo", "serve"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut servers = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(servers.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut computer = Self::beside(serde_json::from_str(&line).unwrap());
        computer.servers = Some(servers);
        computer
    }

    /// Where somebody else runs the servers, at these addresses.
    fn beside(told: Value) -> Self {
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("browser.mjs"), BROWSER).unwrap();
        for directory in ["home", "user", "run"] {
            private(&files.path().join(directory));
        }
        Self { servers: None, told, files }
    }

    fn file(&self, name: &str) -> String {
        self.files.path().join(name).display().to_string()
    }

    /// Adds a connection for the person who signed in.
    fn adding(&self) -> [&str; 8] {
        let company = self.told["company_id"].as_str().unwrap();
        ["connections", "add", "books", "--account", "kari@demo.example", "--company", company, "--json"]
    }

    /// The program on this computer, started through other programs.
    fn command(&self, through: &[&str], arguments: &[&str]) -> Command {
        let words: Vec<&str> = through.iter().copied().chain([env!("CARGO_BIN_EXE_bc-agent")]).chain(arguments.iter().copied()).collect();
        let mut command = clean(Command::new(words[0]));
        let told = |name: &str| self.told[name].as_str().unwrap().to_owned();
        command
            .args(&words[1..])
            .env("BC_AGENT_HOME", self.file("home"))
            .env("BC_AGENT_BC_URL", told("bc_url"))
            .env("BC_AGENT_AUTHORITY", told("authority"))
            .env("BC_AGENT_CLIENT_ID", told("client_id"))
            // What is logged most of all must not tell a secret either.
            .env("BC_AGENT_LOG", "trace")
            .env("BROWSER", format!("node {} %s", self.file("browser.mjs")))
            .env("HOME", self.file("user"))
            .env("XDG_RUNTIME_DIR", self.file("run"))
            .env_remove("XDG_DATA_HOME")
            .env_remove("BC_AGENT_KEY_FILE")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
        command
    }

    /// Runs one command with a key file.
    fn run(&self, arguments: &[&str]) -> Ended {
        run(self.keyed(arguments), "")
    }

    fn keyed(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&[], arguments);
        command.env("BC_AGENT_KEY_FILE", self.file("keys"));
        command
    }

    /// Begins one command with a key file; what it says is not read.
    fn begin(&self, arguments: &[&str]) -> Child {
        self.keyed(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs one command on a session bus of its own, with the keyring that this computer's user has.
    fn with_keyring(&self, arguments: &[&str]) -> Ended {
        run(self.command(&["dbus-run-session", "--", "bash", "-c", WITH_KEYRING, "bash"], arguments), "")
    }
}

/// A provider and a company in this process: a test can end their tokens and see their renewals.
struct Provider {
    runtime: Runtime,
    identity: identity::Running,
    company: bca_sim::Running,
}

impl Provider {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let (identity, company) = runtime.block_on(async {
            let port = || TcpListener::bind("127.0.0.1:0");
            let identity = identity::serve(port().await.unwrap(), identity::Options::default()).await.unwrap();
            let mut options = bca_sim::Options::new(identity.script_token());
            options.token = bca_sim::TokenCheck::Any(identity.token_check());
            let company = bca_sim::serve(port().await.unwrap(), options).await.unwrap();
            (identity, company)
        });
        Self { runtime, identity, company }
    }

    /// A computer on which a person has signed in and connected the company.
    fn computer(&self) -> Computer {
        let told = json!({
            "bc_url": self.company.base_url(),
            "company_id": self.company.companies()[0].0.to_string(),
            "authority": self.identity.authority(),
            "client_id": self.identity.client_id(),
        });
        let computer = Computer::beside(told);
        done(&computer.run(&["login", "--json"]));
        done(&computer.run(&computer.adding()));
        done(&computer.run(&QUERY));
        computer
    }

    fn stop(self) {
        self.runtime.block_on(async {
            self.company.stop().await;
            self.identity.stop().await;
        });
    }
}

fn private(directory: &Path) {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(directory).unwrap();
}

fn holds(directory: &Path, needle: &str) -> bool {
    std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
        true => holds(&path, needle),
        // Sockets and pipes can't be read.
        false if path.is_file() => std::fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle.as_bytes()),
        false => false,
    })
}

fn done(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    ended.json()
}

#[test]
fn a_sign_in_outlives_its_process_by_a_real_keyring() {
    let computer = Computer::new();
    let account = done(&computer.with_keyring(&["login", "--json"]));
    assert_eq!((account["name"].as_str(), account["signed_in"].as_bool()), (Some("Kari Demo"), Some(true)));
    // Each of these is another process, on another bus, with another daemon: only what is in the keyring connects them.
    let accounts = done(&computer.with_keyring(&["accounts", "--json"]));
    assert_eq!(accounts["accounts"][0]["signed_in"], true, "{accounts}");
    let added = done(&computer.with_keyring(&computer.adding()));
    assert_eq!(added["account"], "kari@demo.example");
    done(&computer.with_keyring(&QUERY));
    let rotated = done(&computer.with_keyring(&["secrets", "rotate", "--json"]));
    assert!(rotated["resealed"].as_u64().unwrap() >= 1, "{rotated}");
    done(&computer.with_keyring(&QUERY));
    for canary in ["demo_access_", "demo_refresh_", "demo_code_"] {
        assert!(!holds(computer.files.path(), canary), "{canary} stands in a file");
    }
    println!("reliability | 7 | tokens found in the files of a computer that logs everything, after six processes | 0 of 3 kinds");
    // Without the keyring nothing can be read, and nothing is lost by that.
    let locked = run(computer.command(&[], &QUERY), "");
    let said = format!("{}{}", locked.out, locked.err);
    assert_eq!(locked.code, Some(3), "{said}");
    assert!(said.contains("BC_AGENT_KEY_FILE") && said.contains("no keyring"), "{said}");
    done(&computer.with_keyring(&QUERY));
}

#[test]
fn a_computer_without_a_keyring_is_told_before_anybody_goes_to_the_browser() {
    let computer = Computer::new();
    let ended = run(computer.command(&[], &["login"]), "");
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert!(ended.err.contains("no keyring") && ended.err.contains("BC_AGENT_KEY_FILE"), "{}", ended.err);
    assert!(!ended.err.contains("http://"), "no address may be told: {}", ended.err);
}

#[test]
fn signing_in_and_out_with_a_key_file() {
    let computer = Computer::new();
    assert_eq!(computer.run(&["logout"]).code, Some(3));
    assert_eq!(computer.run(&["login", "--connection", "nowhere"]).code, Some(1));
    let mut late = computer.command(&[], &["login", "--timeout", "1"]);
    late.env("BC_AGENT_KEY_FILE", computer.file("keys")).env("BROWSER", "true");
    let late = run(late, "");
    assert_eq!(late.code, Some(3), "{}", late.err);
    assert!(late.err.contains("within 1 seconds"), "{}", late.err);
    let ended = computer.run(&["login"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "Signed in as Kari Demo (kari@demo.example).\n"), "{}", ended.err);
    assert!(ended.err.contains("/oauth2/v2.0/authorize?"), "{}", ended.err);
    let places = done(&computer.run(&["accounts", "environments", "kari@demo.example", "--json"]));
    assert!(!places["environments"][0]["companies"].as_array().unwrap().is_empty(), "{places}");
    done(&computer.run(&computer.adding()));
    done(&computer.run(&QUERY));
    assert_eq!(computer.run(&["logout", "--all"]).code, Some(0));
    let out = computer.run(&QUERY);
    assert_eq!(out.code, Some(3), "{}{}", out.out, out.err);
    // The connection's own account signs in again.
    assert_eq!(computer.run(&["login", "--connection", "books"]).code, Some(0));
    done(&computer.run(&QUERY));
    assert_eq!(computer.run(&["accounts", "remove", "kari@demo.example"]).code, Some(0));
    assert_eq!(done(&computer.run(&["accounts", "--json"]))["accounts"].as_array().unwrap().len(), 0);
}

#[test]
fn a_company_named_in_the_environment_opens_for_whoever_is_signed_in() {
    let computer = Computer::new();
    done(&computer.run(&["login", "--json"]));
    let mut command = computer.command(&[], &QUERY);
    command.env("BC_AGENT_KEY_FILE", computer.file("keys")).env("BC_AGENT_COMPANY", computer.told["company_id"].as_str().unwrap());
    done(&run(command, ""));
}

#[test]
fn a_rotation_that_is_killed_anywhere_signs_nobody_out() {
    let computer = Computer::new();
    done(&computer.run(&["login", "--json"]));
    done(&computer.run(&computer.adding()));
    let kills = kills(300);
    for kill in 0..kills {
        let mut command = computer.command(&[], &["secrets", "rotate"]);
        command.env("BC_AGENT_KEY_FILE", computer.file("keys")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (finished, waiter) = std::sync::mpsc::channel::<()>();
        // Waits that long for something that never comes.
        let _ = waiter.recv_timeout(Duration::from_micros(kill * 100_000 / kills));
        drop(finished);
        let _ = child.kill();
        child.wait().unwrap();
    }
    let accounts = done(&computer.run(&["accounts", "--json"]));
    assert_eq!(accounts["accounts"][0]["signed_in"], true, "{accounts}");
    done(&computer.run(&QUERY));
    assert_eq!(computer.run(&["secrets", "rotate"]).code, Some(0));
    done(&computer.run(&QUERY));
    println!("reliability | 5 | sign-outs after kills in the middle of a rotation of the key | 0 of {kills} kills");
    let keys = std::fs::read_to_string(computer.file("keys")).unwrap();
    assert_eq!(keys.lines().filter(|line| !line.starts_with('#')).count(), 1, "{} lines", keys.lines().count());
}

#[test]
fn two_processes_that_renew_at_once_renew_once_between_them() {
    let provider = Provider::new();
    let computer = provider.computer();
    // So slow that the second one comes while the first one waits.
    provider.identity.misbehave(Misbehaviour::Slow(Duration::from_millis(150)));
    for round in 0..8 {
        let before = provider.identity.refreshes();
        provider.identity.end_access();
        let both = [computer.begin(&QUERY), computer.begin(&QUERY)];
        for mut child in both {
            assert_eq!(child.wait().unwrap().code(), Some(0), "round {round}");
        }
        assert_eq!(provider.identity.refreshes() - before, 1, "round {round}");
    }
    drop(computer);
    provider.stop();
}

#[test]
fn a_renewal_that_is_killed_in_the_middle_signs_nobody_out() {
    let provider = Provider::new();
    let computer = provider.computer();
    let (mut lost, kills) = (0, kills(200));
    for kill in 0..kills {
        let before = provider.identity.refreshes();
        provider.identity.end_access();
        let mut killed = computer.begin(&QUERY);
        while provider.identity.refreshes() == before && killed.try_wait().unwrap().is_none() {
            std::thread::park_timeout(Duration::from_micros(100));
        }
        assert!(provider.identity.refreshes() > before, "kill {kill}: nothing was renewed");
        // Another process waits for the same renewal meanwhile.
        let mut other = computer.begin(&QUERY);
        // The provider has the refresh token, and may have given another one for it. Whether that arrives and is stored is a matter of chance.
        let deadline = Instant::now() + Duration::from_micros(kill * 14_000 / kills);
        while Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_micros(100));
        }
        killed.kill().unwrap();
        killed.wait().unwrap();
        assert_eq!(other.wait().unwrap().code(), Some(0), "kill {kill}");
        lost += usize::from(provider.identity.refreshes() > before + 1);
    }
    println!(
        "reliability | 2 | sign-outs after kills in the middle of a renewal | 0 of {kills} kills ({lost} of the renewed tokens were lost and renewed again)"
    );
    let accounts = done(&computer.run(&["accounts", "--json"]));
    assert_eq!(accounts["accounts"][0]["signed_in"], true, "{accounts}");
    provider.identity.end_access();
    done(&computer.run(&QUERY));
    drop(computer);
    provider.stop();
}
