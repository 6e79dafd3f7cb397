//! A directory in which examples run, with a shell that finds the program just built.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long one block may take; a slow machine builds nothing here, it only runs.
const BLOCK_MAX: Duration = Duration::from_secs(180);

/// What is printed, output and errors together, and the exit code.
pub struct Said {
    pub text: String,
    pub code: i32,
}

/// A directory of its own, taken away in the end.
pub struct Place {
    folder: tempfile::TempDir,
}

/// A process that runs to the end of a page.
pub struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Rows for one customer, so that there are events enough for every position the examples name.
fn calls() -> String {
    let row = |number: u32| {
        let (day, minute) = (number % 28 + 1, number % 60);
        format!("{number},ACME,2026-01-{day:02} 09:{minute:02},in,call {number}\n")
    };
    "id,customer,when,direction,what\n".to_owned() + &(1..300).map(row).collect::<String>()
}

impl Place {
    pub fn empty() -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        let bin = place.folder.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::create_dir_all(place.work()).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_daybook"), bin.join("daybook")).unwrap();
        // `cargo run ... -- ARGUMENTS` is the program with these arguments.
        let cargo =
            "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done; shift; exec daybook \"$@\"\n";
        std::fs::write(bin.join("cargo"), cargo).unwrap();
        std::fs::set_permissions(bin.join("cargo"), PermissionsExt::from_mode(0o755)).unwrap();
        place
    }

    /// A directory with the sample ledger that examples speak of.
    pub fn sample() -> Place {
        let place = Place::empty();
        place.write("calls.csv", &calls());
        let contacts = "company,name,role,phone,email,city\n\
            Borealis,Ann Lee,purchasing,+442079460000,ann@borealis.example,Leeds\n";
        place.write("contacts.csv", contacts);
        let letter = "From: Ben Ray <ben@acme.example>\nTo: us@example.com\nSubject: Lathe\n\
            Date: Mon, 05 Jan 2026 09:00:00 +0000\nMessage-ID: <1@acme.example>\n\nPlease quote.\n";
        place.write("letter.eml", letter);
        place.write("inbox.mbox", &format!("From x Mon Jan  5 09:00:00 2026\n{letter}\n"));
        let card = "BEGIN:VCARD\nVERSION:3.0\nFN:Cy Dee\nEMAIL:cy@acme.example\nEND:VCARD\n";
        place.write("cards.vcf", card);
        let visit = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1@acme.example\n\
            DTSTART:20260106T010000Z\nDTEND:20260106T020000Z\nSUMMARY:Lathe shown\nEND:VEVENT\n\
            END:VCALENDAR\n";
        place.write("visits.ics", visit);
        let script = "daybook init --name Sample --zone Asia/Shanghai\n\
            daybook record customer ACME --name 'Acme Ltd' --city London --set website=acme.example\n\
            daybook record contact ACME 'Ben Ray' --main\n\
            daybook record opportunity ACME lathe --amount 1000\n\
            daybook record receivable ACME 1200 --due 2030-01-01 --id AR-1\n\
            daybook record payment ACME 600\n\
            daybook record note ACME 'list of contacts' --file contacts.csv\n\
            daybook record task ACME 'call back' --due 2030-01-01\n\
            for mail in M-5d41402abc4b2a76 M-7d793037a0760186; do daybook record json --book \
            '{\"command\": \"hold_mail\", \"mail\": \"'$mail'\", \"direction\": \"in\", \
            \"held_because\": \"unknown\", \"size_bytes\": 9, \"content\": {\"from\": [{\"address\": \
            \"x@y.example\"}]}}'; done\n\
            daybook import calls.csv --mapping calls\n\
            daybook consumer add index\n";
        let said = place.run(script, None);
        assert_eq!(said.code, 0, "{}", said.text);
        place
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// A directory with the same files.
    pub fn copy(&self) -> Place {
        let copy = Place::empty();
        copy.take(self);
        copy
    }

    /// Puts the files of another directory into this one.
    pub fn take(&self, other: &Place) {
        copy_folder(&other.folder.path().join("heads"), &self.folder.path().join("heads"));
        copy_folder(&other.work(), &self.work());
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.work().join(name), text).unwrap();
    }

    /// A shell in this directory. What a block exports is there in the next.
    fn shell(&self, script: &str, chinese: Option<bool>) -> Command {
        let folder = self.folder.path();
        let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
        let locale = if chinese == Some(true) { "zh_CN.UTF-8" } else { "C.UTF-8" };
        let exports = folder.join("exports").display().to_string();
        let script = format!(
            "set -e\nif [ -f {exports} ]; then . {exports}; fi\nexec 2>&1\n{script}\n\
             export -p > {exports}\n"
        );
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &script])
            .current_dir(self.work())
            .env_clear()
            .env("PATH", path)
            .env("HOME", folder)
            .env("LC_ALL", locale)
            .env("DAYBOOK_HEADS", folder.join("heads"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        shell
    }

    /// The program itself in this directory, without a shell.
    pub fn command(&self) -> Command {
        let folder = self.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_daybook"));
        command
            .current_dir(self.work())
            .env_clear()
            .env("HOME", folder)
            .env("LC_ALL", "C.UTF-8")
            .env("DAYBOOK_HEADS", folder.join("heads"));
        command
    }

    /// Runs a block to its end.
    pub fn run(&self, script: &str, chinese: Option<bool>) -> Said {
        let mut child = self.shell(script, chinese).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            out.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if started.elapsed() > BLOCK_MAX {
                child.kill().unwrap();
                panic!("does not end: {script}");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Said { text: reader.join().unwrap(), code: status.code().unwrap_or(-1) }
    }

    /// Starts a block and waits until it has printed an address.
    pub fn serve(&self, script: &str, at: &str) -> Served {
        let script = script.trim().trim_end_matches('&');
        // `exec`, so that the process that is ended is the program and not a shell around it.
        let mut child = self.shell(&format!("exec {script}"), None).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        let mut served = Served(child);
        let (told, heard) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let (mut seen, mut buffer) = (String::new(), [0; 1024]);
            while let Ok(size) = out.read(&mut buffer) {
                if size == 0 {
                    break;
                }
                seen.push_str(&String::from_utf8_lossy(&buffer[..size]));
                if seen.contains("http://") {
                    let _ = told.send(());
                }
            }
        });
        if heard.recv_timeout(Duration::from_secs(60)).is_err() {
            let ended = served.0.try_wait();
            panic!("{at}: no address was printed ({ended:?}): {script}");
        }
        served
    }
}

fn copy_folder(from: &Path, to: &Path) {
    if !from.is_dir() {
        return;
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
