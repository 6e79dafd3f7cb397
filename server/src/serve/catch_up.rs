//! The views a server keeps, brought up to what the log holds when it starts, so that nobody's first
//! question waits for that.
//!
//! Invariant: until then the server says that it is not ready; it answers all the same. What this
//! module does not do: views that fall behind later are brought forward by the question that asks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use daybook_core::ledger::Ledger;
use daybook_projections::engine::Views;
use daybook_projections::projection::View;

use crate::App;

/// The views of a server on their way.
pub struct CatchUp {
    ledger: Ledger,
    views: Arc<Views>,
    standing: Mutex<Standing>,
    stopped: AtomicBool,
}

/// How far they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Behind,
    Reached,
    Failed,
}

impl CatchUp {
    /// Takes the views of an interface, of which nothing is folded yet.
    pub fn of(app: &App) -> CatchUp {
        CatchUp {
            ledger: app.ledger.clone(),
            views: Arc::clone(&app.views),
            standing: Mutex::new(Standing::Behind),
            stopped: AtomicBool::new(false),
        }
    }

    /// Folds one view after the other up to what the log holds, until it is told to stop.
    pub fn run(&self) {
        let mut go_on = |_| !self.stopped.load(Ordering::Relaxed);
        let folded = View::ALL.iter().try_for_each(|view| {
            self.views.catch_up(self.ledger.reader(), *view, &mut go_on).inspect_err(
                |error| tracing::error!(view = view.name(), %error, "a view cannot be folded"),
            )
        });
        let standing = match folded {
            Err(_) => Standing::Failed,
            Ok(()) if self.stopped.load(Ordering::Relaxed) => Standing::Behind,
            Ok(()) => Standing::Reached,
        };
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    /// Ends the work soon; what was folded stays.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Returns why the server is not ready, if it is for the views.
    pub(super) fn reason(&self) -> Option<&'static str> {
        match *self.standing.lock().unwrap_or_else(PoisonError::into_inner) {
            Standing::Behind => Some("views_behind"),
            Standing::Reached => None,
            Standing::Failed => Some("views_failed"),
        }
    }
}
