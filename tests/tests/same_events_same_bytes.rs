//! The same requests give the same bytes: with little memory or much, small segments or large ones,
//! in one sitting or with the book closed and opened again in between, and on a rebuilt index.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::path::Path;
use std::sync::Arc;

use daybook::demo::{self, ScriptClock, SeededEntropy, Step};
use daybook_core::book::{self, OpenBook, Surroundings};
use daybook_core::ledger::Options;
use daybook_core::proof::Hash;
use daybook_core::store::local::IndexState;

struct Setting {
    states_size_bytes_max: usize,
    segment_size_bytes: u64,
}

const ROOMY: Setting = Setting { states_size_bytes_max: 2 << 30, segment_size_bytes: 64 << 20 };
const CRAMPED: Setting = Setting { states_size_bytes_max: 0, segment_size_bytes: 256 << 10 };

/// Entropy goes on across openings as if there had been none.
struct Shared(Arc<std::sync::Mutex<SeededEntropy>>);

impl daybook_core::time::Entropy for Shared {
    fn fill(&mut self, buffer: &mut [u8]) {
        self.0.lock().expect("not poisoned").fill(buffer);
    }
}

struct Stage<'a> {
    dir: &'a Path,
    clock: Arc<ScriptClock>,
    entropy: Arc<std::sync::Mutex<SeededEntropy>>,
    setting: Setting,
}

impl Stage<'_> {
    fn surroundings(&self) -> Surroundings {
        Surroundings {
            heads_outside: Some(self.dir.with_extension("heads")),
            command: "test".to_owned(),
            clock: Arc::<ScriptClock>::clone(&self.clock),
            entropy: Box::new(Shared(Arc::clone(&self.entropy))),
            options: Options {
                states_size_bytes_max: self.setting.states_size_bytes_max,
                ..Options::default()
            },
            segment_size_bytes: self.setting.segment_size_bytes,
        }
    }

    fn open(&self) -> OpenBook {
        book::open(self.dir, self.surroundings()).expect("opened")
    }
}

/// Tells the story on a fresh book, closing and opening it after every `sitting` steps; before each
/// opening `meanwhile` is done to the directory. Returns the root.
fn root_of(setting: Setting, sitting: usize, meanwhile: impl Fn(&Path)) -> Hash {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("book");
    let mut seed = SeededEntropy::new(7);
    let genesis = demo::genesis(&mut seed).expect("a genesis");
    let stage = Stage {
        dir: &dir,
        clock: Arc::new(ScriptClock::new(demo::OPENED_AT)),
        entropy: Arc::new(std::sync::Mutex::new(seed)),
        setting,
    };
    book::init(&dir, &genesis, stage.surroundings()).expect("made");
    let steps: Vec<Step> = demo::story(7).expect("a story");
    // The first steps only: enough to fill several segments of the cramped setting, and voids name
    // events remembered within one run.
    for part in steps[..1500].chunks(sitting) {
        meanwhile(&dir);
        let open = stage.open();
        demo::run(&open.ledger, &stage.clock, part.iter().cloned(), &mut |_| {}).expect("told");
        open.ledger.close().expect("closed");
    }
    let open = stage.open();
    let root = open.ledger.reader().head().tree.root();
    open.ledger.close().expect("closed");
    drop(open.store);
    let heads = dir.with_extension("heads");
    let report = book::verify(&dir, Some(&heads), &mut |_| {}).expect("verifies");
    assert_eq!(report.root, root);
    book::verify_derived(&dir, &folder.path().join("scratch")).expect("the index agrees");
    root
}

#[test]
fn memory_segments_and_sittings_make_no_difference() {
    let roomy = root_of(ROOMY, 1500, |_| {});
    assert_eq!(root_of(CRAMPED, 1500, |_| {}), roomy, "little memory, small segments");
    assert_eq!(root_of(ROOMY, 400, |_| {}), roomy, "several sittings");
}

#[test]
fn an_index_that_is_deleted_is_rebuilt_and_makes_no_difference() {
    let roomy = root_of(ROOMY, 1500, |_| {});
    let rebuilt = root_of(CRAMPED, 500, |dir| {
        std::fs::remove_dir_all(dir.join("sled")).ok();
    });
    assert_eq!(rebuilt, roomy);
}

#[test]
fn a_deleted_index_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("book");
    let mut seed = SeededEntropy::new(7);
    let genesis = demo::genesis(&mut seed).expect("a genesis");
    let stage = Stage {
        dir: &dir,
        clock: Arc::new(ScriptClock::new(demo::OPENED_AT)),
        entropy: Arc::new(std::sync::Mutex::new(seed)),
        setting: ROOMY,
    };
    book::init(&dir, &genesis, stage.surroundings()).expect("made");
    std::fs::remove_dir_all(dir.join("sled")).expect("removed");
    let open = stage.open();
    assert!(matches!(open.report.index, IndexState::Rebuilt { .. }));
    open.ledger.close().expect("closed");
}
