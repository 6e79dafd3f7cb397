//! What a disk may hold after a power cut, built from the recorder's log.
//!
//! The model is weaker than any file system we know: writes and changes of size that no returned
//! sync covers may be there, missing, torn at 512 bytes, and in any order; a name made, changed or
//! removed without a sync of its folder may or may not be so, only the order within one folder
//! holds. What a sync that began after them returned for is there.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use super::Dice;
use super::log::{Entry, Op};

const SECTOR: usize = 512;

/// A disk: what is surely on it, and what was done since.
#[derive(Debug, Default)]
pub struct Disk {
    files: Vec<File>,
    by_inode: HashMap<u64, usize>,
    names: BTreeMap<PathBuf, Node>,
    pending: Vec<NameChange>,
    live: BTreeMap<PathBuf, Node>,
    /// Syncs that have begun, by their number: how much was pending then.
    syncing: HashMap<u64, usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Folder,
    File(usize),
}

#[derive(Debug, Default)]
struct File {
    bytes: Vec<u8>,
    pending: Vec<Change>,
    done: usize,
}

#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Size(u64),
    Grow(u64),
}

#[derive(Debug, Clone)]
struct NameChange {
    done: bool,
    kind: NameChangeKind,
}

#[derive(Debug, Clone)]
enum NameChangeKind {
    Make(PathBuf, Node),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl NameChange {
    fn folder(&self) -> Option<&Path> {
        match &self.kind {
            NameChangeKind::Make(path, _) | NameChangeKind::Remove(path) => path.parent(),
            NameChangeKind::Rename(_, to) => to.parent(),
        }
    }
}

/// How unsynced changes are treated in an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// All are lost.
    All,
    /// None is lost.
    None,
    /// Those after some moment are lost, the last kept one is torn.
    AfterSome,
    /// Each may be lost or torn by itself, sizes may be short.
    Any,
}

impl Loss {
    /// Every way.
    pub const EACH: [Loss; 4] = [Loss::All, Loss::None, Loss::AfterSome, Loss::Any];
}

impl Disk {
    /// Does what a recorded call did.
    pub fn apply(&mut self, entry: &Entry) {
        if entry.result < 0 {
            if entry.op == Op::SyncReturned {
                self.sync_returned(entry, false);
            }
            return;
        }
        match entry.op {
            Op::Open { made: true } => {
                self.files.push(File::default());
                let file = self.files.len() - 1;
                self.by_inode.insert(entry.inode, file);
                self.change_name(NameChangeKind::Make(entry.path.clone(), Node::File(file)));
            }
            Op::Open { made: false } => self.change(entry.inode, Change::Size(0)),
            Op::Write => self.change(entry.inode, Change::Write(entry.offset, entry.data.clone())),
            Op::Truncate => self.change(entry.inode, Change::Size(entry.length)),
            Op::Allocate => self.change(entry.inode, Change::Grow(entry.offset + entry.length)),
            Op::Rename => self.rename(&entry.path, &entry.second),
            Op::Unlink | Op::RemoveDir => {
                self.change_name(NameChangeKind::Remove(entry.path.clone()));
            }
            Op::MakeDir => {
                self.change_name(NameChangeKind::Make(entry.path.clone(), Node::Folder));
            }
            Op::SyncBegins => {
                let file = self.by_inode.get(&entry.inode).and_then(|at| self.files.get(*at));
                let pending =
                    file.map_or(self.pending.len(), |file| file.done + file.pending.len());
                self.syncing.insert(entry.offset, pending);
            }
            Op::SyncReturned => self.sync_returned(entry, true),
            Op::SyncRange => {}
        }
    }

    /// Tells whether a name, and all the file holds, would surely survive a power cut.
    pub fn is_safe(&self, path: &Path) -> bool {
        let on_disk = self.names.get(path);
        match self.live.get(path) {
            Some(Node::File(at)) => {
                on_disk == Some(&Node::File(*at))
                    && self.files.get(*at).is_some_and(|file| file.pending.is_empty())
            }
            live => live == on_disk,
        }
    }

    /// Tells whether all a file holds would surely survive a power cut, if its name does.
    pub fn content_is_safe(&self, path: &Path) -> bool {
        match self.live.get(path) {
            Some(Node::File(at)) => self.files.get(*at).is_some_and(|file| file.pending.is_empty()),
            _ => true,
        }
    }

    /// Tells whether the name exists for a running program.
    pub fn exists(&self, path: &Path) -> bool {
        self.live.contains_key(path)
    }

    /// Writes one possible image of the folder `root` to `target`.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_image(
        &self,
        root: &Path,
        target: &Path,
        loss: Loss,
        dice: &mut Dice,
    ) -> io::Result<()> {
        std::fs::create_dir_all(target)?;
        for (path, node) in self.choose_names(loss, dice) {
            let Ok(below) = path.strip_prefix(root) else { continue };
            if below.as_os_str().is_empty() {
                continue;
            }
            let place = target.join(below);
            match node {
                Node::Folder => std::fs::create_dir_all(place)?,
                Node::File(at) => {
                    let bytes =
                        self.files.get(at).map(|file| file.choose(loss, dice)).unwrap_or_default();
                    match place.parent() {
                        Some(parent) if parent.is_dir() => std::fs::write(place, bytes)?,
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn change(&mut self, inode: u64, change: Change) {
        let file = self.by_inode.get(&inode).and_then(|at| self.files.get_mut(*at));
        if let Some(file) = file {
            file.pending.push(change);
        }
    }

    /// Within a folder a rename is one change; between folders it is a name made in the one and a name
    /// removed in the other, each made sure by a sync of its own folder.
    fn rename(&mut self, from: &Path, to: &Path) {
        match self.live.get(from) {
            Some(node @ Node::File(_)) if from.parent() != to.parent() => {
                let node = *node;
                self.change_name(NameChangeKind::Make(to.to_owned(), node));
                self.change_name(NameChangeKind::Remove(from.to_owned()));
            }
            _ => self.change_name(NameChangeKind::Rename(from.to_owned(), to.to_owned())),
        }
    }

    fn change_name(&mut self, kind: NameChangeKind) {
        apply_name(&mut self.live, &kind);
        self.pending.push(NameChange { done: false, kind });
    }

    fn sync_returned(&mut self, entry: &Entry, done: bool) {
        let Some(covered) = self.syncing.remove(&entry.offset).filter(|_| done) else { return };
        if let Some(file) = self.by_inode.get(&entry.inode).and_then(|at| self.files.get_mut(*at)) {
            file.settle(covered);
            return;
        }
        for change in self.pending.iter_mut().take(covered) {
            if !change.done && change.folder() == Some(entry.path.as_path()) {
                change.done = true;
                apply_name(&mut self.names, &change.kind);
            }
        }
    }

    fn choose_names(&self, loss: Loss, dice: &mut Dice) -> BTreeMap<PathBuf, Node> {
        let mut names = self.names.clone();
        let open: Vec<&NameChange> = self.pending.iter().filter(|change| !change.done).collect();
        let mut kept_of: HashMap<&Path, u64> = HashMap::new();
        for change in &open {
            *kept_of.entry(change.folder().unwrap_or(Path::new("/"))).or_default() += 1;
        }
        for kept in kept_of.values_mut() {
            *kept = match loss {
                Loss::All => 0,
                Loss::None => *kept,
                Loss::AfterSome | Loss::Any => dice.below(*kept + 1),
            };
        }
        for change in open {
            let folder = change.folder().unwrap_or(Path::new("/"));
            if let Some(kept) = kept_of.get_mut(folder)
                && *kept > 0
            {
                *kept -= 1;
                apply_name(&mut names, &change.kind);
            }
        }
        names
    }
}

impl File {
    /// Makes the first changes sure.
    fn settle(&mut self, covered: usize) {
        let count = covered.saturating_sub(self.done).min(self.pending.len());
        for change in self.pending.drain(..count) {
            change.apply(&mut self.bytes);
        }
        self.done += count;
    }

    fn choose(&self, loss: Loss, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let sure = bytes.len() as u64;
        match loss {
            Loss::All => {}
            Loss::None => self.pending.iter().for_each(|change| change.apply(&mut bytes)),
            Loss::AfterSome => {
                let kept = dice.below(self.pending.len() as u64 + 1) as usize;
                for change in self.pending.iter().take(kept) {
                    change.apply(&mut bytes);
                }
                if let Some(torn) = self.pending.get(kept) {
                    torn.apply_torn(&mut bytes, dice);
                }
            }
            Loss::Any => {
                for change in &self.pending {
                    match dice.below(3) {
                        0 => {}
                        1 => change.apply(&mut bytes),
                        _ => change.apply_torn(&mut bytes, dice),
                    }
                }
                let longer = (bytes.len() as u64).saturating_sub(sure);
                if longer > 0 && dice.below(3) == 0 {
                    bytes.truncate((sure + dice.below(longer)) as usize);
                }
            }
        }
        bytes
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write(at, data) => put(bytes, *at as usize, data),
            Change::Size(size) => bytes.resize(*size as usize, 0),
            Change::Grow(size) => {
                if *size as usize > bytes.len() {
                    bytes.resize(*size as usize, 0);
                }
            }
        }
    }

    /// Does some of the sectors of a write; for a size, perhaps all of it.
    fn apply_torn(&self, bytes: &mut Vec<u8>, dice: &mut Dice) {
        let Change::Write(at, data) = self else {
            if dice.below(2) == 0 {
                self.apply(bytes);
            }
            return;
        };
        let mut from = 0usize;
        while from < data.len() {
            let at = *at as usize + from;
            let size = (SECTOR - at % SECTOR).min(data.len() - from);
            if dice.below(2) == 0
                && let Some(part) = data.get(from..from + size)
            {
                put(bytes, at, part);
            }
            from += size;
        }
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    if bytes.len() < at + data.len() {
        bytes.resize(at + data.len(), 0);
    }
    if let Some(place) = bytes.get_mut(at..at + data.len()) {
        place.copy_from_slice(data);
    }
}

fn apply_name(names: &mut BTreeMap<PathBuf, Node>, change: &NameChangeKind) {
    match change {
        NameChangeKind::Make(path, node) => drop(names.insert(path.clone(), *node)),
        NameChangeKind::Remove(path) => names.retain(|name, _| !name.starts_with(path)),
        NameChangeKind::Rename(from, to) => {
            if !names.contains_key(from) {
                return;
            }
            names.retain(|name, _| !name.starts_with(to));
            let moved: Vec<PathBuf> =
                names.keys().filter(|name| name.starts_with(from)).cloned().collect();
            for name in moved {
                if let (Some(node), Ok(below)) = (names.remove(&name), name.strip_prefix(from)) {
                    let place =
                        if below.as_os_str().is_empty() { to.clone() } else { to.join(below) };
                    names.insert(place, node);
                }
            }
        }
    }
}
