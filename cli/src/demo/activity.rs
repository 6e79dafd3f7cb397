//! Calls, visits and mails: what is said over the year besides deals and complaints.

use daybook_core::event::Section;
use daybook_core::event::customer::CustomerKind;
use daybook_core::event::interaction::{
    About, Correspondence, Direction, InteractionChannel, InteractionKind, InteractionRecorded,
    Verdict,
};
use daybook_core::id::TextError;

use super::calendar::{Moment, plus_minutes};
use super::cast::{HEAD_OF_SALES, Tongue};
use super::pen::{Party, Pen, Told, text, user};
use super::words::{self, Place};

use InteractionChannel::{
    Email, Event, Fax, Forum, InstantMessage, InternalNote, Interview, Phone, Sms, VisitIn,
    VisitOut, Web,
};

/// The channels, the frequent ones several times.
const CHANNELS: [InteractionChannel; 24] = [
    Phone,
    Phone,
    Phone,
    Phone,
    Phone,
    Phone,
    Phone,
    Email,
    Email,
    Email,
    Email,
    Email,
    VisitOut,
    VisitOut,
    VisitOut,
    VisitIn,
    InstantMessage,
    InstantMessage,
    InstantMessage,
    Sms,
    Web,
    Event,
    Interview,
    Fax,
];

/// Tells the ordinary contacts of a year.
pub(super) fn contacts(pen: &mut Pen, party: &Party) -> Told {
    let mut moment = party.since;
    let pause = 50 - 9 * party.card.weight;
    loop {
        let Some(next) = moment.later(&mut pen.dice, 1, pause) else { return Ok(()) };
        moment = next;
        let interaction = interaction(pen, party, moment, None)?;
        moment = moment.once_over(interaction.ended_at);
        pen.tell(moment, party.owner, party, interaction)?;
        if pen.dice.chance(3) {
            instruct(pen, party, moment)?;
        }
    }
}

/// Tells one contact about something.
pub(super) fn contact_about(pen: &mut Pen, party: &Party, moment: Moment, about: About) -> Told {
    let interaction = interaction(pen, party, moment, Some(about))?;
    pen.tell(moment.once_over(interaction.ended_at), party.owner, party, interaction)
}

/// Builds an interaction that took place at a moment.
pub(super) fn interaction(
    pen: &mut Pen,
    party: &Party,
    moment: Moment,
    about: Option<About>,
) -> Result<InteractionRecorded, TextError> {
    let index = usize::try_from(pen.dice.below(24)).unwrap_or_default();
    let channel = if pen.dice.chance(1) { Forum } else { *CHANNELS.get(index).unwrap_or(&Phone) };
    let place = match channel {
        VisitOut | Interview | Event => Place::There,
        VisitIn => Place::Here,
        _ => Place::Remote,
    };
    let machine = pen.machine();
    let said = words::contact(&mut pen.dice, party.card.tongue, place, &machine);
    let visit = place != Place::Remote;
    let minutes = if visit { pen.dice.between(40, 150) } else { pen.dice.between(2, 20) };
    let ended = plus_minutes(moment.effective, minutes);
    let incoming = channel == VisitIn || pen.dice.chance(35);
    let kind = match pen.dice.below(20) {
        0 => InteractionKind::Competitor,
        1 | 2 => InteractionKind::ReturnVisit,
        3 => InteractionKind::WinBack,
        _ => InteractionKind::Contact,
    };
    let cost = (channel == VisitOut).then(|| pen.dice.between(80, 2_400));
    let unknown = party.card.kind != CustomerKind::Person && pen.dice.chance(4);
    Ok(InteractionRecorded {
        interaction: Default::default(),
        channel,
        direction: if incoming { Direction::In } else { Direction::Out },
        started_at: moment.effective,
        ended_at: Some(ended),
        contacts: if unknown { Vec::new() } else { party.contacts.clone() },
        unknown_caller: unknown,
        staff: vec![user(party.owner)?],
        about,
        verdict: verdict(pen),
        kind: Some(kind),
        // Costs are ours and in our own currency.
        cost: cost.map(|yuan| daybook_core::money::Money::new(i64::from(yuan) * 100, pen.cny)),
        correspondence: Some(Section::Open(correspondence(pen, party, said, place)?)),
        mail: None,
    })
}

fn verdict(pen: &mut Pen) -> Option<Verdict> {
    match pen.dice.below(10) {
        0 => Some(Verdict::Negative),
        1 | 2 => Some(Verdict::Silent),
        3..=6 => Some(Verdict::Positive),
        _ => None,
    }
}

fn correspondence(
    pen: &mut Pen,
    party: &Party,
    said: String,
    place: Place,
) -> Result<Correspondence, TextError> {
    let next = pen.dice.chance(45);
    let next = next.then(|| words::next_step(&mut pen.dice, party.card.tongue));
    Ok(Correspondence {
        summary: Some(text(&said)?),
        place: match place {
            Place::Remote => None,
            Place::There => Some(text(party.card.city)?),
            Place::Here => Some(text("上海 Shanghai")?),
        },
        next_step: next.map(text).transpose()?,
    })
}

/// Builds what was said, for events other than interactions.
pub(super) fn said(words: &str) -> Result<Option<Section<Correspondence>>, TextError> {
    let summary = Some(text(words)?);
    Ok(Some(Section::Open(Correspondence { summary, place: None, next_step: None })))
}

/// An instruction from above, a few hours after a contact.
fn instruct(pen: &mut Pen, party: &Party, moment: Moment) -> Told {
    let Some(moment) = moment.soon(&mut pen.dice, 60, 300) else { return Ok(()) };
    let words = match party.card.tongue {
        Tongue::Chinese => "请本周内安排上门拜访,价格可以再让一点,但付款条件不放宽。",
        Tongue::English => {
            "Please visit them this week. Some room on price, none on payment terms."
        }
    };
    let note = InteractionRecorded {
        channel: InternalNote,
        ended_at: None,
        direction: Direction::Out,
        contacts: Vec::new(),
        unknown_caller: false,
        staff: vec![user(HEAD_OF_SALES)?, user(party.owner)?],
        verdict: None,
        kind: Some(InteractionKind::Instruction),
        cost: None,
        correspondence: said(words)?,
        ..interaction(pen, party, moment, None)?
    };
    pen.tell(moment, HEAD_OF_SALES, party, note)
}
