//! Decisions about mail that awaits a customer: X31, X32. They are made on the stream `book/mail`.
//!
//! What this module does not do: it cannot see that the interaction an assignment names is recorded
//! in the customer's stream. Whoever assigns puts both into one unit.

use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::mail::{MailAssigned, MailHeld, MailOutcome};
use crate::id::CustomerCode;

/// What decisions know of one held message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldMail {
    /// What became of it last.
    pub outcome: Option<MailOutcome>,
    /// Whose it is.
    pub assigned_to: Option<CustomerCode>,
}

impl Decide for MailHeld {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.mail.is_empty() {
            return Err(Rejection::Missing { what: "the mail's id" });
        }
        context.refuse_future("the effective time", context.effective_at)?;
        super::refuse_taken::<HeldMail>(state, "mail", self.mail.as_str())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        state.insert(self.mail.as_str(), HeldMail { outcome: None, assigned_to: None });
    }
}

impl Decide for MailAssigned {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let mail = self.mail.as_str();
        let held = state.get::<HeldMail>(mail);
        let held = held.ok_or_else(|| Rejection::MailUnknown { mail: mail.into() })?;
        self.check_outcome(context)?;
        // Whoever dismissed a message or gave it to the wrong customer may still mend it.
        let mends = self.outcome == MailOutcome::Assigned && held.assigned_to != self.assigned_to;
        match held.outcome {
            None => Ok(()),
            Some(MailOutcome::Dismissed) if mends => Ok(()),
            Some(MailOutcome::Assigned) if mends => {
                context.require_reason("assigning a message again")
            }
            Some(outcome) => {
                Err(Rejection::MailSettled { mail: mail.into(), outcome: outcome.as_str() })
            }
        }
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(held) = state.get_mut::<HeldMail>(self.mail.as_str()) {
            held.outcome = Some(self.outcome);
            held.assigned_to = self.assigned_to.clone();
        }
    }
}

impl MailAssigned {
    /// Checks that an assignment says whose the message is and a dismissal does not.
    fn check_outcome(&self, context: &Context<'_>) -> Result<(), Rejection> {
        let mail = self.mail.as_str();
        let unfit = |problem| Err(Rejection::MailOutcomeUnfit { mail: mail.into(), problem });
        match self.outcome {
            MailOutcome::Assigned if self.assigned_to.is_none() || self.interaction.is_none() => {
                unfit("does not say whose it is")
            }
            MailOutcome::Dismissed if self.assigned_to.is_some() || self.interaction.is_some() => {
                unfit("names a customer, although it belongs to none")
            }
            MailOutcome::Dismissed => context.require_reason("dismissing a message"),
            MailOutcome::Assigned => Ok(()),
        }
    }
}
