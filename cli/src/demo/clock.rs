//! A clock that is set by hand: it shows one instant until it is set to another.

use std::sync::atomic::{AtomicI64, Ordering};

use daybook_core::time::{Clock, Timestamp};

/// A clock that shows what it was last set to.
#[derive(Debug)]
pub struct ScriptClock {
    micros: AtomicI64,
}

impl ScriptClock {
    /// Builds a clock that shows `at`.
    pub const fn new(at: Timestamp) -> Self {
        ScriptClock { micros: AtomicI64::new(at.0) }
    }

    /// Sets the clock; it may go backwards, as a real one may.
    pub fn set(&self, at: Timestamp) {
        self.micros.store(at.0, Ordering::SeqCst);
    }
}

impl Clock for ScriptClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.micros.load(Ordering::SeqCst))
    }
}
