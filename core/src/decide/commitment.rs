//! Decisions about promises: E22, E23, and promises to pay (R31).

use super::customer::Contact;
use super::interaction::{Interaction, check_about};
use super::receivable::Item;
use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::assignment::Holder;
use crate::event::commitment::{CommitmentMade, CommitmentOutcome, CommitmentSettled, Promiser};
use crate::id::ItemId;
use crate::time::{Date, Timestamp};

/// What decisions know of one promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commitment {
    /// When it was made.
    pub made_at: Timestamp,
    /// By when it is to be kept.
    pub due_at: Timestamp,
    /// Whether it is settled.
    pub settled: bool,
    /// The items that are to be paid.
    pub items: Vec<ItemId>,
    /// Who sees to it that it is kept.
    pub responsible: Option<Holder>,
}

/// Refuses to remind of an item whose payment is promised for that day or later (R30, R31).
pub(super) fn refuse_promised(
    context: &Context<'_>,
    state: &Draft<'_>,
    item: &str,
    on: Date,
) -> Result<(), Rejection> {
    for (id, commitment) in state.each::<Commitment>() {
        let promised_for = commitment.due_at.date_in(context.book.zone);
        let named = commitment.items.iter().any(|named| named.as_str() == item);
        if named && !commitment.settled && promised_for >= on {
            let (item, commitment) = (item.into(), id.into());
            return Err(Rejection::PaymentPromised { item, commitment, promised_for });
        }
    }
    Ok(())
}

impl Decide for CommitmentMade {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.commitment.is_empty() {
            self.commitment = super::next_id::<Commitment, _>(state, "commitment", "PR")?;
        }
        if self.responsible.is_none() {
            self.responsible = Some(context.actor.user.clone());
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Commitment>(state, "commitment", self.commitment.as_str())?;
        let due_at = self.due_at.ok_or(Rejection::PromiseWithoutDay {})?;
        if due_at < context.effective_at {
            let (what, earliest) = ("the time it is promised for", context.effective_at);
            return Err(Rejection::InstantOrder { what, at: due_at, earliest });
        }
        if let Some(contact) = &self.contact {
            super::require::<Contact>(state, "contact", contact.as_str())?;
        }
        if let Some(interaction) = &self.interaction {
            super::require::<Interaction>(state, "interaction", interaction.as_str())?;
        }
        if let Some(about) = &self.about {
            check_about(about, state)?;
        }
        self.check_items(context, state)
    }

    fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>) {
        let commitment = Commitment {
            made_at: envelope.effective_at,
            // Checked before it was stored; the time only guards against foreign logs.
            due_at: self.due_at.unwrap_or(envelope.effective_at),
            settled: false,
            items: self.items.iter().map(|line| line.item.clone()).collect(),
            responsible: self.responsible.clone().map(Holder::user),
        };
        state.insert(self.commitment.as_str(), commitment);
    }
}

impl CommitmentMade {
    /// Checks a promise to pay against what is open.
    fn check_items(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        super::refuse_repeated("item", self.items.iter().map(|line| line.item.as_str()))?;
        let on = context.effective_on();
        for line in &self.items {
            let id = line.item.as_str();
            let item = super::require::<Item>(state, "receivable item", id)?;
            if self.by != Promiser::Customer {
                return Err(Rejection::PromiseToOurselves { item: id.into() });
            }
            super::require_positive("the amount promised", line.amount)?;
            super::require_currency("the amount promised", item.currency, line.amount)?;
            let open = item.open_on(on);
            if line.amount.minor > open.minor {
                let (what, asked) = ("promise", line.amount);
                return Err(Rejection::ItemOverdrawn { item: id.into(), open, what, asked, on });
            }
        }
        Ok(())
    }
}

impl Decide for CommitmentSettled {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.commitment.as_str();
        let commitment = super::require::<Commitment>(state, "commitment", id)?;
        if commitment.settled {
            return Err(Rejection::CommitmentAlreadySettled { commitment: id.into() });
        }
        let what = "the time it was settled";
        context.refuse_future(what, self.at)?;
        if self.at < commitment.made_at {
            let earliest = commitment.made_at;
            return Err(Rejection::InstantOrder { what, at: self.at, earliest });
        }
        let (due_at, at) = (commitment.due_at, self.at);
        let fits = match self.outcome {
            CommitmentOutcome::Kept => at <= due_at,
            CommitmentOutcome::Late | CommitmentOutcome::Broken => at > due_at,
            CommitmentOutcome::Released | CommitmentOutcome::Superseded => true,
        };
        if !fits {
            let outcome = self.outcome.as_str();
            return Err(Rejection::OutcomeUnfit { commitment: id.into(), outcome, due_at, at });
        }
        if let Some(evidence) = &self.evidence {
            super::require::<Interaction>(state, "interaction", evidence.as_str())?;
        } else if self.outcome == CommitmentOutcome::Released {
            return Err(Rejection::ReleaseUnproved { commitment: id.into() });
        }
        match (&self.superseded_by, self.outcome) {
            (Some(other), CommitmentOutcome::Superseded) if *other != self.commitment => {
                super::require::<Commitment>(state, "commitment", other.as_str()).map(|_| ())
            }
            (None, CommitmentOutcome::Superseded) => {
                Err(Rejection::Missing { what: "the promise that took its place" })
            }
            (Some(_), _) => Err(Rejection::SupersededUnfit { commitment: id.into() }),
            (None, _) => Ok(()),
        }
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(commitment) = state.get_mut::<Commitment>(self.commitment.as_str()) {
            commitment.settled = true;
        }
    }
}
