//! How far other programs have come with the feed: named consumers, each with the position of the
//! next event it has not acknowledged.
//!
//! That an event was delivered is no business fact, and the log of facts should not grow with every
//! delivery. Consumers are therefore files beside the log, one each, in the folder `consumers` of the
//! ledger's directory (`docs/design/0013-consumers.md`).
//!
//! Invariant: an acknowledgement that was answered survives any crash; a file is replaced whole or not
//! at all. A position only moves forward, unless somebody sets it, and never behind the log's end:
//! no event is skipped.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use daybook_core::position::Position;
use daybook_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The folder inside the ledger's directory.
pub const CONSUMERS_DIR: &str = "consumers";
/// The most consumers of a ledger.
pub const CONSUMERS_MAX: usize = 1000;
/// The most bytes of a name.
pub const NAME_SIZE_BYTES_MAX: usize = 64;
const SUFFIX: &str = ".json";

/// One consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consumer {
    /// The ledger it reads; another one's positions mean something else.
    pub book: String,
    /// Which events it gets.
    #[serde(default)]
    pub filter: Filter,
    /// The position of the first event it has not acknowledged.
    pub next: Position,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its position last moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_at: Option<Timestamp>,
}

/// Which events a consumer gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Only this customer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Only this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// Why a consumer could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerError {
    /// A name that cannot be a file's.
    #[error("{name:?} cannot be the name of a consumer")]
    NameUnfit {
        /// The name.
        name: String,
    },
    /// No such consumer.
    #[error("consumer {name} is not known")]
    Unknown {
        /// The name.
        name: String,
    },
    /// It is there already, and gets other events.
    #[error("consumer {name} is there already and gets other events")]
    Differs {
        /// The name.
        name: String,
    },
    /// It already is further.
    #[error("consumer {name} has acknowledged everything before {next} already")]
    Behind {
        /// The name.
        name: String,
        /// Where it is.
        next: Position,
    },
    /// More than there is.
    #[error("position {asked} is beyond the log, which ends before {end}")]
    Ahead {
        /// What was asked for.
        asked: Position,
        /// Where the log ends.
        end: Position,
    },
    /// There are too many.
    #[error("there are {max} consumers already")]
    TooMany {
        /// The most.
        max: usize,
    },
    /// A file that is not what was written.
    #[error("the consumer's file {path} is damaged: {problem}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The disk failed.
    #[error("the consumer's file {path} could not be read or written")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// The consumers of one ledger. Cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub struct Consumers(Arc<Mutex<Place>>);

#[derive(Debug)]
enum Place {
    /// In a folder that is made with the first consumer.
    Folder(PathBuf),
    /// In memory, for a ledger that is kept there too.
    Memory(BTreeMap<String, Consumer>),
}

impl Default for Consumers {
    fn default() -> Self {
        Consumers(Arc::new(Mutex::new(Place::Memory(BTreeMap::new()))))
    }
}

impl Consumers {
    /// Keeps consumers beside the log of a ledger's directory. Only the process that holds the
    /// ledger may do that.
    pub fn beside(dir: &Path) -> Consumers {
        Consumers(Arc::new(Mutex::new(Place::Folder(dir.join(CONSUMERS_DIR)))))
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists all by name.
    ///
    /// # Errors
    /// [`ConsumerError`].
    pub fn list(&self) -> Result<Vec<(String, Consumer)>, ConsumerError> {
        self.place().list()
    }

    /// Returns one.
    ///
    /// # Errors
    /// [`ConsumerError`].
    pub fn get(&self, name: &str) -> Result<Consumer, ConsumerError> {
        self.place().get(name)
    }

    /// Makes one, durably; the same again changes nothing. Tells whether it is new.
    ///
    /// # Errors
    /// [`ConsumerError::Differs`] when it is there and gets other events.
    pub fn create(&self, name: &str, made: Consumer) -> Result<(Consumer, bool), ConsumerError> {
        let mut place = self.place();
        match place.get(name) {
            Ok(there) if there.filter == made.filter => return Ok((there, false)),
            Ok(_) => return Err(ConsumerError::Differs { name: name.to_owned() }),
            Err(ConsumerError::Unknown { .. }) => {}
            Err(error) => return Err(error),
        }
        if place.list()?.len() >= CONSUMERS_MAX {
            return Err(ConsumerError::TooMany { max: CONSUMERS_MAX });
        }
        place.put(name, &made)?;
        Ok((made, true))
    }

    /// Moves one forward, durably: it has dealt with everything before `next`.
    ///
    /// # Errors
    /// [`ConsumerError::Ahead`] for more than the log holds, [`ConsumerError::Behind`] when it is
    /// further already.
    pub fn acknowledge(
        &self,
        name: &str,
        next: Position,
        (end, now): (Position, Timestamp),
    ) -> Result<Consumer, ConsumerError> {
        let mut place = self.place();
        let mut consumer = place.get(name)?;
        if next > end {
            return Err(ConsumerError::Ahead { asked: next, end });
        }
        if next < consumer.next {
            return Err(ConsumerError::Behind { name: name.to_owned(), next: consumer.next });
        }
        if next > consumer.next {
            (consumer.next, consumer.moved_at) = (next, Some(now));
            place.put(name, &consumer)?;
        }
        Ok(consumer)
    }

    /// Sets where one goes on, forward or back, durably.
    ///
    /// # Errors
    /// [`ConsumerError::Ahead`] for more than the log holds.
    pub fn set(
        &self,
        name: &str,
        next: Position,
        (end, now): (Position, Timestamp),
    ) -> Result<Consumer, ConsumerError> {
        let mut place = self.place();
        let mut consumer = place.get(name)?;
        if next > end {
            return Err(ConsumerError::Ahead { asked: next, end });
        }
        (consumer.next, consumer.moved_at) = (next, Some(now));
        place.put(name, &consumer)?;
        Ok(consumer)
    }

    /// Forgets one, durably.
    ///
    /// # Errors
    /// [`ConsumerError`].
    pub fn remove(&self, name: &str) -> Result<Consumer, ConsumerError> {
        let mut place = self.place();
        let consumer = place.get(name)?;
        place.remove(name)?;
        Ok(consumer)
    }
}

/// Refuses names that could lead out of the folder or hide in it.
fn fit(name: &str) -> Result<(), ConsumerError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let fit = !name.is_empty()
        && name.len() <= NAME_SIZE_BYTES_MAX
        && name.chars().all(plain)
        && !name.starts_with(['.', '-']);
    if fit { Ok(()) } else { Err(ConsumerError::NameUnfit { name: name.to_owned() }) }
}

impl Place {
    fn list(&self) -> Result<Vec<(String, Consumer)>, ConsumerError> {
        let folder = match self {
            Place::Memory(all) => {
                return Ok(all.iter().map(|(name, one)| (name.clone(), one.clone())).collect());
            }
            Place::Folder(folder) => folder,
        };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(folder, error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| failed(folder, error))?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)).map(str::to_owned);
            names.extend(name.filter(|name| fit(name).is_ok()));
        }
        names.sort_unstable();
        names.into_iter().map(|name| Ok((name.clone(), self.get(&name)?))).collect()
    }

    fn get(&self, name: &str) -> Result<Consumer, ConsumerError> {
        fit(name)?;
        let unknown = || ConsumerError::Unknown { name: name.to_owned() };
        let folder = match self {
            Place::Memory(all) => return all.get(name).cloned().ok_or_else(unknown),
            Place::Folder(folder) => folder,
        };
        let path = path_of(folder, name);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unknown()),
            Err(error) => return Err(failed(&path, error)),
        };
        serde_json::from_slice(&text).map_err(|error| ConsumerError::Damaged {
            path: path.display().to_string(),
            problem: error.to_string(),
        })
    }

    fn put(&mut self, name: &str, consumer: &Consumer) -> Result<(), ConsumerError> {
        let folder = match self {
            Place::Memory(all) => {
                all.insert(name.to_owned(), consumer.clone());
                return Ok(());
            }
            Place::Folder(folder) => folder,
        };
        let path = path_of(folder, name);
        let written = (|| {
            if !folder.is_dir() {
                fs::create_dir_all(&*folder)?;
                if let Some(above) = folder.parent() {
                    File::open(above)?.sync_all()?;
                }
            }
            let fresh = folder.join(format!(".{name}.new"));
            let mut file = File::create(&fresh)?;
            file.write_all(&serde_json::to_vec(consumer)?)?;
            file.sync_all()?;
            fs::rename(&fresh, &path)?;
            File::open(&*folder)?.sync_all()
        })();
        written.map_err(|error| failed(&path, error))
    }

    fn remove(&mut self, name: &str) -> Result<(), ConsumerError> {
        match self {
            Place::Memory(all) => {
                all.remove(name);
                Ok(())
            }
            Place::Folder(folder) => {
                let path = path_of(folder, name);
                let removed =
                    fs::remove_file(&path).and_then(|()| File::open(&*folder)?.sync_all());
                removed.map_err(|error| failed(&path, error))
            }
        }
    }
}

fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{SUFFIX}"))
}

fn failed(path: &Path, source: io::Error) -> ConsumerError {
    ConsumerError::Io { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Consumer {
        Consumer {
            book: "b".to_owned(),
            filter: Filter::default(),
            next: Position(3),
            created_at: Timestamp(0),
            moved_at: None,
        }
    }

    fn check(consumers: &Consumers) {
        let at = |end| (Position(end), Timestamp(1));
        assert!(consumers.list().unwrap().is_empty());
        assert!(matches!(consumers.get("crm"), Err(ConsumerError::Unknown { .. })));
        assert!(consumers.create("crm", made()).unwrap().1);
        assert!(!consumers.create("crm", made()).unwrap().1);
        let filter = Filter { kind: Some("contact.added".to_owned()), ..Filter::default() };
        let other = Consumer { filter, ..made() };
        assert!(matches!(consumers.create("crm", other), Err(ConsumerError::Differs { .. })));
        assert_eq!(consumers.acknowledge("crm", Position(7), at(9)).unwrap().next, Position(7));
        assert_eq!(consumers.acknowledge("crm", Position(7), at(9)).unwrap().next, Position(7));
        let back = consumers.acknowledge("crm", Position(6), at(9));
        assert!(matches!(back, Err(ConsumerError::Behind { next: Position(7), .. })));
        let beyond = consumers.acknowledge("crm", Position(10), at(9));
        assert!(matches!(beyond, Err(ConsumerError::Ahead { end: Position(9), .. })));
        assert_eq!(consumers.set("crm", Position(1), at(9)).unwrap().next, Position(1));
        assert!(consumers.create("a.b-2", made()).unwrap().1);
        let names: Vec<String> =
            consumers.list().unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a.b-2", "crm"]);
        consumers.remove("crm").unwrap();
        assert!(matches!(consumers.remove("crm"), Err(ConsumerError::Unknown { .. })));
        for name in ["", "../x", "A", ".new", "-x", "a/b", &"x".repeat(65)] {
            let unfit = consumers.create(name, made());
            assert!(matches!(unfit, Err(ConsumerError::NameUnfit { .. })), "{name}");
        }
    }

    #[test]
    fn a_position_moves_forward_and_never_beyond_the_log() {
        check(&Consumers::default());
        let dir = tempfile::tempdir().unwrap();
        check(&Consumers::beside(dir.path()));
        // Somebody else's handle, as after a restart, finds the same.
        assert_eq!(Consumers::beside(dir.path()).get("a.b-2").unwrap(), made());
    }

    #[test]
    fn a_file_half_written_is_not_a_consumer_and_a_damaged_one_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let consumers = Consumers::beside(dir.path());
        consumers.create("crm", made()).unwrap();
        let folder = dir.path().join(CONSUMERS_DIR);
        fs::write(folder.join(".crm.new"), "{\"book\":").unwrap();
        assert_eq!(consumers.list().unwrap().len(), 1);
        fs::write(folder.join("crm.json"), "{\"book\":").unwrap();
        assert!(matches!(consumers.get("crm"), Err(ConsumerError::Damaged { .. })));
    }
}
