//! Surveys: after a delivery, after a complaint, and the yearly one.

use daybook_core::event::survey::{Answer, Occasion, SurveyAnswered};
use daybook_core::id::TextError;

use super::activity::said;
use super::calendar::{Moment, day};
use super::cast::SERVICE_DESK;
use super::pen::{Party, Pen, Told, text};
use super::words;

/// The indicators asked for, of the tree a new book starts with.
const INDICATORS: [&str; 6] =
    ["durability", "conformity", "documentation", "punctuality", "responsiveness", "attitude"];

/// A survey some days after something.
pub(super) fn after(pen: &mut Pen, party: &Party, occasion: Occasion, then: Moment) -> Told {
    let Some(moment) = then.later(&mut pen.dice, 3, 15) else { return Ok(()) };
    let name = match occasion {
        Occasion::AfterDelivery => "delivery",
        _ => "service",
    };
    let answered = answered(pen, party, name, occasion)?;
    pen.tell(moment, SERVICE_DESK, party, answered)
}

/// The yearly survey, which two thirds answer.
pub(super) fn yearly(pen: &mut Pen, party: &Party) -> Told {
    let date = day(2025, 11, 10).plus_days(pen.dice.between(0, 30));
    let moment = Moment::some_time(&mut pen.dice, date);
    if party.since.recorded >= moment.recorded || !pen.dice.chance(67) {
        return Ok(());
    }
    let answered = answered(pen, party, "yearly-2025", Occasion::Yearly)?;
    pen.tell(moment, SERVICE_DESK, party, answered)
}

fn answered(
    pen: &mut Pen,
    party: &Party,
    survey: &str,
    occasion: Occasion,
) -> Result<SurveyAnswered, TextError> {
    let mut answers = Vec::with_capacity(INDICATORS.len());
    for indicator in INDICATORS {
        let expectation = pen.dice.between(3, 5);
        let perception = (expectation + pen.dice.between(-2, 1)).clamp(1, 5);
        answers.push(Answer {
            indicator: text(indicator)?,
            expectation: u8::try_from(expectation).ok(),
            perception: u8::try_from(perception).unwrap_or(3),
            weight: 0,
        });
    }
    let words = words::survey(&mut pen.dice, party.card.tongue);
    Ok(SurveyAnswered {
        invitation: text(&format!("SV-{:04}", pen.number()))?,
        survey: text(survey)?,
        indicators_version: 0,
        respondent: party.contacts.first().cloned(),
        occasion,
        answers,
        correspondence: if pen.dice.chance(50) { said(words)? } else { None },
    })
}
