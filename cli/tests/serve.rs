//! `daybook serve` as an operator meets it: started, called, watched, stopped.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

struct Place {
    folder: tempfile::TempDir,
}

struct Served {
    child: Child,
    out: BufReader<ChildStdout>,
    address: String,
    token_file: PathBuf,
}

impl Place {
    fn new() -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        place.done(&["init", "--name", "Test", "--zone", "UTC"]);
        place
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let folder = self.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_daybook"));
        command
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("HOME", folder)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn say(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.say(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn serve(&self, more: &[&str]) -> Served {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
        let mut child = self.command(&arguments).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = Vec::new();
        while lines.len() < 4 {
            let mut line = String::new();
            assert!(out.read_line(&mut line).unwrap() > 0, "it ended: {lines:?}");
            lines.push(line.trim_end().to_owned());
        }
        let address = lines[0].rsplit_once("http://").unwrap().1.to_owned();
        assert!(lines[1].contains("Only this machine"), "{lines:?}");
        let token_file = PathBuf::from(lines[2].strip_prefix("The token is in ").unwrap());
        Served { child, out, address, token_file }
    }
}

impl Served {
    fn call(&self, method: &str, path: &str, body: &str) -> String {
        let token = std::fs::read_to_string(&self.token_file).unwrap();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             x-daybook-actor: U-07\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            token.trim(),
            body.len(),
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Stops it, and returns what it wrote to the log.
    fn stop(mut self, signal: Signal) -> String {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        let output = self.child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(rest.contains("Stopped; the ledger is closed in order."), "{rest}");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn a_server_is_started_called_by_all_and_stopped_in_order() {
    let place = Place::new();
    let served = place.serve(&["--log", "json"]);
    assert!(served.token_file.starts_with(place.folder.path().join(".local/state/daybook/tokens")));
    let (name, phone, summary) = ("Quillfeather", "+4420555019", "zanzibar lathes");
    let body = serde_json::json!({ "units": [[{
        "customer": "C-1", "command": "register_customer", "kind": "company", "source": "web",
        "details": { "name": name, "phone": phone },
    }]] });
    let answer = served.call("POST", "/v1/commands", &body.to_string());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("x-request-id: "), "{answer}");
    // A command on this machine goes through the server by itself.
    place.done(&["record", "call", "C-1", summary]);
    assert!(place.done(&["show", "C-1"]).contains(name));
    let wrong = served.call("GET", "/v1/customers/zanzibar?known_at=zanzibar", "");
    assert!(wrong.contains("\"request_id\":"), "{wrong}");
    served.call("GET", "/v1/zanzibar", "");
    let metrics = served.call("GET", "/metrics", "");
    assert!(metrics.contains("daybook_appended_groups_total 2"), "{metrics}");
    assert!(metrics.contains("daybook_append_seconds_total 0."), "{metrics}");
    // The views catch up behind the first answers.
    let started = std::time::Instant::now();
    let mut ready = served.call("GET", "/readyz", "");
    while ready.contains("views_behind") && started.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
        ready = served.call("GET", "/readyz", "");
    }
    assert!(ready.starts_with("HTTP/1.1 200") && ready.contains("\"ready\":true"), "{ready}");
    let token = std::fs::read_to_string(&served.token_file).unwrap();
    let log = served.stop(Signal::TERM);
    for line in log.lines() {
        let _: serde_json::Value = serde_json::from_str(line).unwrap();
    }
    assert!(log.contains("\"route\":\"/v1/customers/{code}\""), "{log}");
    for canary in [name, phone, summary, "zanzibar", token.trim()] {
        assert!(!log.contains(canary) && !metrics.contains(canary), "{canary}: {log}");
    }
    assert!(place.done(&["verify"]).contains("The ledger holds."));
    // The next one finds everything in order, and keeps the token.
    let again = place.serve(&[]);
    assert_eq!(std::fs::read_to_string(&again.token_file).unwrap(), token);
    let log = again.stop(Signal::INT);
    assert!(!log.contains("moved aside"), "{log}");
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let place = Place::new();
    for address in ["0.0.0.0:7317", "192.0.2.1:7317", "[::]:7317"] {
        let refused = place.say(&["serve", "--listen", address]);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("no access rules yet") && said.contains("ssh -L"), "{said}");
    }
    let second = place.serve(&[]);
    let refused = place.say(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    assert!(String::from_utf8(refused.stderr).unwrap().contains("(daybook serve)"));
    second.stop(Signal::TERM);
}

#[test]
fn settings_come_from_file_environment_and_options_in_rising_order() {
    let place = Place::new();
    let origin = |environment: Option<&str>, arguments: &[&str]| {
        let mut command = place.command(&[arguments, &["config", "--json"]].concat());
        if let Some(actor) = environment {
            command.env("DAYBOOK_ACTOR", actor);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let actor = said["settings"].as_array().unwrap().iter();
        let actor = { actor }.find(|setting| setting["setting"] == "actor").unwrap().clone();
        let text = |field: &str| actor[field].as_str().unwrap().to_owned();
        (text("value"), text("origin"))
    };
    let is = |value: &str, origin: &str| (value.to_owned(), origin.to_owned());
    assert_eq!(origin(None, &[]), is("U-01", "default"));
    let file = place.folder.path().join(".config/daybook/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "actor = \"U-02\"\nlisten = \"127.0.0.1:0\"\n").unwrap();
    assert_eq!(origin(None, &[]), is("U-02", "file"));
    assert_eq!(origin(Some("U-03"), &[]), is("U-03", "environment"));
    assert_eq!(origin(Some("U-03"), &["--as", "U-04"]), is("U-04", "option"));
    // What the file says holds for the work itself.
    place.done(&["record", "customer", "ACME", "--name", "Acme"]);
    assert!(place.done(&["log", "--json", "--customer", "ACME"]).contains("\"actor\": \"U-02\""));
    std::fs::write(&file, "actr = \"U-02\"\n").unwrap();
    let refused = place.say(&["stats"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("did you mean actor?"));
}
