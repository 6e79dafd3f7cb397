//! The floor: a plain loop that writes the same bytes to a growing file and syncs each time.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Writes and syncs each piece, one after the other; returns how long it took.
pub fn write_and_sync<'a>(
    folder: &Path,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> io::Result<Duration> {
    let path = folder.join("floor");
    let mut file = File::create(&path)?;
    file.sync_all()?;
    let started = Instant::now();
    for piece in pieces {
        file.write_all(piece)?;
        file.sync_data()?;
    }
    let elapsed = started.elapsed();
    drop(file);
    std::fs::remove_file(path)?;
    Ok(elapsed)
}
