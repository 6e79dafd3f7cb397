//! The background threads: one puts what was appended into the index, one seals, merges and saves.
//!
//! Invariant: they run behind the acknowledgement and can fail without harm to it; a group is
//! forgotten in memory only after the index holds it. What this module does not do: it decides
//! nothing about durability.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use super::JOURNAL_DIR;
use super::journal::seal::seal;
use super::journal::writer::Rolled;
use super::sled::blocks::{PackedBlock, Packer};
use super::sled::{Index, IndexError};
use super::states::WaitingStates;
use super::visible::{Visible, group_end};
use crate::event::index::Term;
use crate::position::Position;

/// Bytes of blocks stored in one batch.
const BATCH_SIZE_BYTES: usize = 512 << 10;

/// How often a full disk is looked at again.
const LOOK_FOR_SPACE_EVERY: Duration = Duration::from_millis(200);

/// Bytes of pending groups taken at a time.
const TAKE_SIZE_BYTES: usize = 4 << 20;

/// The file that tells the next opening to build the index anew.
pub(crate) const DAMAGED_FILE: &str = "sled.damaged";

/// Work for the second thread.
#[derive(Debug)]
pub(crate) enum Chore {
    /// Seal a full segment.
    Seal(Rolled),
    /// Look whether posting runs are to be merged.
    Merge,
    /// Put a saved state into the index.
    SaveState(Term),
    /// End.
    Stop,
}

/// Puts pending groups into blocks and full memtables into runs until told to stop.
pub(crate) fn index_pending(
    visible: &Visible,
    index: &Index,
    dir: &Path,
    spare_bytes: u64,
    chores: &Sender<Chore>,
) {
    let mut packer = Packer::starting_at(index.blocks_next());
    let mut seen = 0u64;
    loop {
        visible.wait_until(|work| work.stopping || work.announced != seen);
        {
            let work = visible.work();
            if work.stopping {
                return;
            }
            seen = work.announced;
        }
        let mut more = true;
        while more {
            if !wait_for_space(visible, dir, spare_bytes) {
                return;
            }
            match index_some(visible, index, &mut packer, chores) {
                Ok(left) => more = left,
                Err(error) => {
                    note_damage(dir, &error);
                    visible.update(|work| work.index_problem = Some(error.to_string()));
                    return;
                }
            }
        }
    }
}

/// Waits until so much space is free that sled will not find the disk full, which it never gets over;
/// appends are refused at twice that. Returns false when told to stop.
fn wait_for_space(visible: &Visible, dir: &Path, spare_bytes: u64) -> bool {
    while is_full(dir, spare_bytes) {
        if visible.work().stopping {
            return false;
        }
        visible.update(|work| work.waits_for_space = true);
        visible.wait_for(LOOK_FOR_SPACE_EVERY);
    }
    if visible.work().waits_for_space {
        visible.update(|work| work.waits_for_space = false);
    }
    true
}

fn is_full(dir: &Path, spare_bytes: u64) -> bool {
    rustix::fs::statvfs(dir)
        .is_ok_and(|found| found.f_bavail.saturating_mul(found.f_frsize) < spare_bytes / 2)
}

/// Puts the oldest of what is pending into the index; tells whether there may be more.
fn index_some(
    visible: &Visible,
    index: &Index,
    packer: &mut Packer,
    chores: &Sender<Chore>,
) -> Result<bool, IndexError> {
    while let Some(table) = visible.frozen() {
        index.put_run(&table)?;
        visible.forget_frozen();
        // The other thread is gone only when everything ends.
        let _ = chores.send(Chore::Merge);
    }
    let groups = visible.pending_from(packer.next(), TAKE_SIZE_BYTES);
    let more = !groups.is_empty();
    let mut blocks: Vec<PackedBlock> = Vec::new();
    let mut size = 0usize;
    for group in groups {
        let skip = packer.next().0.saturating_sub(group.first.0) as usize;
        for record in group.records.iter().skip(skip) {
            let block = packer
                .push(&record.bytes, record.recorded_at)
                .map_err(|error| IndexError::Failed(error.to_string()))?;
            if let Some(block) = block {
                size += block.value.len();
                blocks.push(block);
            }
        }
        debug_assert!(packer.next() >= group_end(&group), "groups are packed without a gap");
        if size >= BATCH_SIZE_BYTES {
            index.put_blocks(&blocks)?;
            blocks.clear();
            size = 0;
            visible.forget_before(index.blocks_next(), Position(0));
        }
    }
    index.put_blocks(&blocks)?;
    visible.forget_before(index.blocks_next(), packer.next());
    index.refresh()?;
    Ok(more && !visible.work().stopping)
}

/// Seals segments, merges runs and saves states until told to stop.
pub(crate) fn do_chores(
    visible: &Visible,
    index: Option<&Index>,
    states: &WaitingStates,
    dir: &Path,
    spare_bytes: u64,
    chores: &Receiver<Chore>,
) {
    let journal = dir.join(JOURNAL_DIR);
    let mut unsealed: Vec<Rolled> = Vec::new();
    while let Ok(chore) = chores.recv() {
        match chore {
            Chore::Stop => return,
            Chore::Seal(rolled) => {
                unsealed.push(rolled);
                unsealed.retain(|rolled| match seal(&journal, rolled) {
                    Ok(()) => false,
                    Err(error) => {
                        visible.update(|work| work.seal_problem = Some(error.to_string()));
                        true
                    }
                });
                if unsealed.is_empty() {
                    visible.update(|work| work.seal_problem = None);
                }
            }
            Chore::SaveState(stream) => {
                let Some(index) = index else { continue };
                if is_full(dir, spare_bytes) {
                    states.remove(stream);
                } else if let Err(error) = states.settle(stream, index) {
                    note_damage(dir, &error);
                }
            }
            Chore::Merge => {
                while let Some(index) = index
                    && !visible.work().stopping
                {
                    match index.merge_runs() {
                        Ok(true) => {}
                        Ok(false) => break,
                        Err(error) => {
                            note_damage(dir, &error);
                            break;
                        }
                    }
                }
            }
        }
    }
}

/// Leaves word for the next opening that the index is to be built anew.
pub(crate) fn note_damage(dir: &Path, error: &IndexError) {
    let path: PathBuf = dir.join(DAMAGED_FILE);
    // When even this cannot be written, the next opening finds the damage by itself.
    let _ = std::fs::write(path, format!("{error}\n"));
}
