//! Consumers outlive whoever holds the ledger: what was acknowledged stays so through any kill.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use daybook_core::position::Position;
use daybook_server::client::{Client, Transport};

fn command(folder: &Path, arguments: &[&str]) -> Command {
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

fn say(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = say(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn ledger() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &["init", "--name", "Test", "--zone", "UTC"]);
    done(folder.path(), &["record", "customer", "ACME", "--name", "Acme"]);
    folder
}

fn serve(folder: &Path) -> Child {
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--log", "off"];
    let mut child = command(folder, &arguments).spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    while !line.contains("Stop it with") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it ended");
    }
    child
}

#[test]
fn what_was_acknowledged_survives_kills() {
    let folder = ledger();
    let dir = folder.path().join("daybook-data");
    done(folder.path(), &["consumer", "add", "crm"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let end = runtime.block_on(async {
        let mut server = serve(folder.path());
        let position =
            Client::over(Transport::private(&dir), "U-01").book().await.unwrap().position;
        server.kill().unwrap();
        server.wait().unwrap();
        position.0
    });
    let mut acknowledged = 0;
    for round in 0..end.min(12) {
        let mut server = serve(folder.path());
        let answered = runtime.block_on(async {
            let client = Client::over(Transport::private(&dir), "U-01");
            let before = client.consumer("crm").await.unwrap().next.0;
            assert!(before >= acknowledged, "{before} < {acknowledged} in round {round}");
            assert!(before <= acknowledged + 1, "{before} was never sent");
            client.acknowledge("crm", Position(before)).await.unwrap().next.0
        });
        // Killed with the next acknowledgement on its way.
        let late = std::thread::spawn({
            let dir = dir.clone();
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(async {
                    let client = Client::over(Transport::private(&dir), "U-01");
                    let late = client.acknowledge("crm", Position(answered));
                    let _ = tokio::time::timeout(Duration::from_millis(200), late).await;
                });
            }
        });
        std::thread::sleep(Duration::from_micros(round * 300));
        server.kill().unwrap();
        server.wait().unwrap();
        late.join().unwrap();
        acknowledged = answered;
        if acknowledged + 1 >= end {
            break;
        }
    }
    assert!(acknowledged > 2);
}

#[test]
fn tail_follows_whoever_holds_the_ledger_and_ends_with_ctrl_c() {
    use rustix::process::{Pid, Signal, kill_process};
    let folder = ledger();
    for served in [false, true] {
        let server = served.then(|| serve(folder.path()));
        let arguments = ["tail", "-n", "1", "--customer", "ACME", "--json"];
        let mut tail = command(folder.path(), &arguments).spawn().unwrap();
        let mut out = BufReader::new(tail.stdout.take().unwrap());
        let mut first = String::new();
        assert!(out.read_line(&mut first).unwrap() > 0);
        done(folder.path(), &["record", "call", "ACME", "hello", "--in"]);
        let mut second = String::new();
        assert!(out.read_line(&mut second).unwrap() > 0);
        let read = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        assert_eq!(read(&second)["kind"], "interaction.recorded", "{second}");
        assert!(read(&second)["position"].as_u64() > read(&first)["position"].as_u64());
        let started = Instant::now();
        kill_process(Pid::from_child(&tail), Signal::INT).unwrap();
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        let output = tail.wait_with_output().unwrap();
        // The documented end, and not a word.
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        assert!(rest.is_empty() && started.elapsed() < Duration::from_secs(5));
        if let Some(mut server) = server {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }
}

#[test]
fn a_consumer_is_printed_acknowledged_and_listed_from_the_command_line() {
    let folder = ledger();
    let folder = folder.path();
    done(folder, &["consumer", "add", "crm", "--customer", "ACME"]);
    let first = done(folder, &["tail", "--consumer", "crm", "--no-follow"]);
    assert!(first.contains("customer.registered"), "{first}");
    assert_eq!(done(folder, &["tail", "--consumer", "crm", "--no-follow"]), "");
    let list = done(folder, &["consumer", "list"]);
    assert!(list.contains("crm") && list.contains("ACME"), "{list}");
    done(folder, &["consumer", "set", "crm", "0"]);
    assert_eq!(done(folder, &["tail", "--consumer", "crm", "--no-follow"]), first);
    let output = say(folder, &["consumer", "ack", "crm", "999", "--lang", "zh"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("超出日志"), "{said}");
    done(folder, &["consumer", "drop", "crm"]);
    assert_eq!(say(folder, &["consumer", "drop", "crm"]).status.code(), Some(1));
}
