//! `cargo xtask fuzz-http`: calls made up from the interface's own description, by schemathesis,
//! against a real server over a real ledger. Bar I1 for HTTP: no answer of 500 or above, none that
//! its description does not foresee, and a server that is alive at the end.
//!
//! Schemathesis is a Python tool and not needed for anything else: `pip install schemathesis`. Where
//! it is not installed, the chore says so and passes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::ChoreResult;

/// Calls to make up for each operation, so that all together come to about 10,000.
const EXAMPLES: u32 = 250;

/// Runs the chore.
pub fn run(arguments: &[&str]) -> ChoreResult {
    let examples = match arguments {
        ["--examples", count] => count.parse()?,
        [] => EXAMPLES,
        _ => return Err("usage: cargo xtask fuzz-http [--examples COUNT]".into()),
    };
    let Some(tool) = tool() else {
        println!("fuzz-http: skipped, schemathesis is not installed (pip install schemathesis)");
        return Ok(true);
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no workspace")?;
    let built =
        Command::new("cargo").args(["build", "-p", "daybook"]).current_dir(root).status()?;
    if !built.success() {
        return Ok(false);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let daybook = target.join("debug/daybook");
    let place = std::env::temp_dir().join(format!("daybook-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&place)?;
    let outcome = fuzz(&tool, &daybook, &place, examples);
    std::fs::remove_dir_all(&place)?;
    outcome
}

fn tool() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|dir| dir.join("schemathesis")).find(|path| path.is_file())
}

fn fuzz(tool: &Path, daybook: &Path, place: &Path, examples: u32) -> ChoreResult {
    let (ledger, token) = (place.join("ledger"), place.join("token"));
    let made = Command::new(daybook).arg("demo").arg("--dir").arg(&ledger).output()?;
    if !made.status.success() {
        return Err(String::from_utf8_lossy(&made.stderr).into_owned().into());
    }
    let mut server = Command::new(daybook)
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "off", "--lang", "en"])
        .arg("--dir")
        .arg(&ledger)
        .arg("--token-file")
        .arg(&token)
        .stdout(Stdio::piped())
        .spawn()?;
    let outcome = call(tool, &mut server, &token, place, examples);
    let alive = server.try_wait()?.is_none();
    server.kill()?;
    server.wait()?;
    if !alive {
        eprintln!("fuzz-http: the server ended by itself");
    }
    Ok(outcome? && alive)
}

fn call(tool: &Path, server: &mut Child, token: &Path, place: &Path, examples: u32) -> ChoreResult {
    let said = server.stdout.take().ok_or("the server says nothing")?;
    let mut said = BufReader::new(said).lines().map_while(Result::ok);
    let address = said.by_ref().find_map(|line| {
        let at = line.find("http://")?;
        Some(line.get(at..)?.trim().to_owned())
    });
    let address = address.ok_or("the server did not start")?;
    // Whoever writes into a pipe that nobody reads ends.
    std::thread::spawn(move || said.for_each(drop));
    let token = std::fs::read_to_string(token)?;
    let output = Command::new(tool)
        .arg("run")
        .arg(format!("{address}/v1/openapi.json"))
        .args(["--header", &format!("Authorization: Bearer {}", token.trim())])
        .args(["--header", "x-daybook-actor: U-01"])
        .args(["--max-examples", &examples.to_string()])
        .args(["--request-timeout", "40", "--continue-on-failure", "--no-color"])
        // A feed has no end that could be waited for, mail comes in forms the tool does not write;
        // both have tests of their own.
        .args(["--exclude-path", "/v1/feed", "--exclude-path", "/v1/mail"])
        .args(["--exclude-checks", "positive_data_acceptance", "--workers", "2"])
        .current_dir(place)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    // What the tool could not do itself is told, and no failure of the interface.
    let tried = said.lines().any(|line| line.contains("Test cases:"));
    Ok(tried && !said.lines().any(|line| line == "Failures:"))
}
