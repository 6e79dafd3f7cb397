//! Decisions of the interaction family: E16, E17.

use super::complaint::Complaint;
use super::contract::Contract;
use super::customer::Contact;
use super::opportunity::Opportunity;
use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::interaction::{
    About, InteractionChannel, InteractionRecorded, InteractionVoided,
};

/// What decisions know of one interaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interaction {
    /// Whether it counts no longer.
    pub voided: bool,
}

impl Decide for InteractionRecorded {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.started_at.is_unsaid() {
            self.started_at = context.effective_at;
        }
        if self.interaction.is_empty() {
            self.interaction = super::next_id::<Interaction, _>(state, "interaction", "I")?;
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Interaction>(state, "interaction", self.interaction.as_str())?;
        context.refuse_future("the start", self.started_at)?;
        if let Some(ended_at) = self.ended_at {
            if ended_at < self.started_at {
                let started_at = self.started_at;
                return Err(Rejection::EndBeforeStart { started_at, ended_at });
            }
            context.refuse_future("the end", ended_at)?;
        }
        for contact in &self.contacts {
            super::require::<Contact>(state, "contact", contact.as_str())?;
        }
        // A note among ourselves has nobody on the other side.
        let internal = self.channel == InteractionChannel::InternalNote;
        if self.contacts.is_empty() && !self.unknown_caller && !internal {
            return Err(Rejection::ParticipantMissing {});
        }
        if let Some(about) = &self.about {
            check_about(about, state)?;
        }
        if self.mail.is_some() && self.channel != InteractionChannel::Email {
            return Err(Rejection::MailMisplaced { channel: self.channel.as_str() });
        }
        super::refuse_negative("the cost", self.cost.as_ref())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        state.insert(self.interaction.as_str(), Interaction { voided: false });
    }
}

pub(super) fn check_about(about: &About, state: &Draft<'_>) -> Result<(), Rejection> {
    if let Some(id) = &about.opportunity {
        super::require::<Opportunity>(state, "opportunity", id.as_str())?;
    }
    if let Some(number) = &about.contract {
        super::require::<Contract>(state, "contract", number.as_str())?;
    }
    if let Some(id) = &about.complaint {
        super::require::<Complaint>(state, "complaint", id.as_str())?;
    }
    Ok(())
}

impl Decide for InteractionVoided {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        context.require_reason("voiding an interaction")?;
        let id = self.interaction.as_str();
        if super::require::<Interaction>(state, "interaction", id)?.voided {
            return Err(Rejection::InteractionVoided { interaction: id.into() });
        }
        match &self.replaced_by {
            Some(other) if *other == self.interaction => {
                Err(Rejection::ReplacedByItself { interaction: id.into() })
            }
            Some(other) => {
                super::require::<Interaction>(state, "interaction", other.as_str()).map(|_| ())
            }
            None => Ok(()),
        }
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(interaction) = state.get_mut::<Interaction>(self.interaction.as_str()) {
            interaction.voided = true;
        }
    }
}
