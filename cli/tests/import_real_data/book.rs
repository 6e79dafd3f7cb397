//! A ledger used through the command, and the files' own figures.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Returns a file of the samples; says so when it is not there.
pub fn sample(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let root = std::env::var_os("DAYBOOK_SHARED").map_or(root, PathBuf::from);
    let file = root.join("data").join(path);
    if file.is_file() {
        return Some(file);
    }
    println!("skipped: {} is not there; set DAYBOOK_SHARED to the folder of data/", file.display());
    None
}

/// A ledger in a folder of its own, used through the command.
pub struct Book {
    folder: tempfile::TempDir,
}

impl Book {
    pub fn new(zone: &str, currency: &str) -> Book {
        let book = Book { folder: tempfile::tempdir().unwrap() };
        book.run(&["init", "--zone", zone, "--currency", currency]);
        book
    }

    /// Runs a command and reads its answer.
    pub fn run(&self, arguments: &[&str]) -> Value {
        self.answer(arguments, &[0])
    }

    fn answer(&self, arguments: &[&str], codes: &[i32]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_slice(&self.output(&arguments, codes)).expect("JSON")
    }

    fn output(&self, arguments: &[&str], codes: &[i32]) -> Vec<u8> {
        let output = Command::new(env!("CARGO_BIN_EXE_daybook"))
            .args(arguments)
            .env("DAYBOOK_DIR", self.folder.path().join("book"))
            .env("DAYBOOK_HEADS", self.folder.path().join("heads"))
            .output()
            .expect("daybook runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code().unwrap();
        assert!(codes.contains(&code), "{arguments:?} ended with {code}: {errors}");
        output.stdout
    }

    /// Imports files; refused rows end the command with 1, which is no failure here.
    pub fn import(&self, files: &[PathBuf], mapping: &str) -> Value {
        let mut arguments = vec!["import"];
        arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
        arguments.extend(["--mapping", mapping]);
        self.answer(&arguments, &[0, 1])
    }

    /// Returns every event of a kind, as it is exported: one call, however many there are.
    pub fn events(&self, kind: &str) -> Vec<Value> {
        let output = self.output(&["export", "--output", "-", "--kind", kind], &[0]);
        let lines = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let mut lines: Vec<Value> =
            lines.map(|line| serde_json::from_slice(line).expect("a document a line")).collect();
        let end = lines.pop().unwrap();
        assert_eq!(end["export_end"]["rows"], lines.len() as u64 - 1, "{kind}");
        lines.split_off(1)
    }

    /// Runs the import again and checks that nothing, itself included, is added.
    pub fn again_adds_nothing(&self, files: &[PathBuf], mapping: &str, known: u64) {
        let before = self.run(&["stats"]);
        let second = self.import(files, mapping);
        assert_eq!(second["figures"]["known"], known);
        assert_eq!(second["figures"]["events"], 0);
        assert_eq!(self.run(&["stats"]), before);
    }
}

/// Events by kind and their sums in the one currency there is.
pub fn kinds(stats: &Value) -> (BTreeMap<String, u64>, BTreeMap<String, i64>) {
    let (mut counts, mut sums) = (BTreeMap::new(), BTreeMap::new());
    for kind in stats["by_kind"].as_array().unwrap() {
        let name = kind["kind"].as_str().unwrap().to_owned();
        counts.insert(name.clone(), kind["events"].as_u64().unwrap());
        for sum in kind["sums"].as_array().unwrap() {
            let second = sums.insert(name.clone(), sum["minor"].as_i64().unwrap());
            assert!(second.is_none(), "{name} has two currencies");
        }
    }
    (counts, sums)
}

/// Reads cents by hand: `55.94`, `94` or `94.5`.
pub fn cents(text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let fraction = format!("{fraction:0<2}");
    assert_eq!(fraction.len(), 2, "{text}");
    whole.parse::<i64>().unwrap() * 100 + fraction.parse::<i64>().unwrap()
}

/// A row by its columns.
pub type Fields = BTreeMap<String, String>;

/// Reads a file's rows; `.gz` is unpacked.
pub fn rows(file: &Path) -> Vec<Fields> {
    let plain = File::open(file).unwrap();
    let packed = file.extension().is_some_and(|ending| ending == "gz");
    let input: Box<dyn Read> =
        if packed { Box::new(flate2::read::GzDecoder::new(plain)) } else { Box::new(plain) };
    let mut reader = csv::Reader::from_reader(input);
    reader.deserialize().map(|row| row.unwrap()).collect()
}
