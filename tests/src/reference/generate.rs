//! Random requests out of a small world, so that they meet each other.

use super::ask::Ask;
use super::subject::TODAY;
use crate::torture::Dice;

fn small(dice: &mut Dice, end: u64) -> u8 {
    u8::try_from(1 + dice.below(end)).unwrap_or(1)
}

/// Mostly a day of the last weeks, now and then one ahead.
fn day(dice: &mut Dice) -> i32 {
    TODAY - 35 + i32::try_from(dice.below(40)).unwrap_or_default()
}

fn past(dice: &mut Dice) -> i32 {
    day(dice).min(TODAY)
}

fn amount(dice: &mut Dice) -> i64 {
    i64::try_from(dice.below(400)).unwrap_or_default()
}

fn maybe(dice: &mut Dice) -> Option<i32> {
    let on = day(dice);
    (dice.below(2) == 0).then_some(on)
}

/// Draws a request.
pub(super) fn ask(dice: &mut Dice, number: u64) -> Ask {
    match dice.below(22) {
        0 => Ask::City { city: small(dice, 3), on: past(dice) },
        1 => Ask::Open { deal: small(dice, 2), on: past(dice) },
        2 => Ask::Stage { deal: small(dice, 2), to: small(dice, 4) - 1, on: past(dice) },
        3 => {
            let won = Some(amount(dice)).filter(|_| dice.below(2) == 0);
            Ask::Close { deal: small(dice, 2), won, on: past(dice) }
        }
        4 => Ask::Reopen { deal: small(dice, 2), to: small(dice, 4) - 1, on: past(dice) },
        5..=7 => {
            let (document, due) = (day(dice), day(dice));
            Ask::Item { item: small(dice, 4), amount: amount(dice), document, due }
        }
        8 => Ask::Postpone { item: small(dice, 4), due: day(dice) },
        9..=11 => Ask::Receipt { receipt: small(dice, 3), amount: amount(dice), value: day(dice) },
        12..=14 => {
            let count = dice.below(4);
            let lines = (0..count).map(|_| (small(dice, 4), amount(dice) / 2)).collect();
            Ask::Apply { receipt: small(dice, 3), lines, on: maybe(dice) }
        }
        15 => Ask::Share { receipt: small(dice, 3), in_proportion: dice.below(2) == 0 },
        16 | 17 => {
            let application = match dice.below(3) {
                0 => format!("CN-{}", small(dice, 2)),
                1 => format!("W-{}", 1 + dice.below(number)),
                _ => format!("A-{}", 1 + dice.below(number)),
            };
            Ask::Undo { application, on: maybe(dice) }
        }
        18 => Ask::Bounce { receipt: small(dice, 3), on: day(dice) },
        19 => {
            let against = Some(small(dice, 4)).filter(|_| dice.below(3) > 0);
            Ask::Note { note: small(dice, 2), amount: amount(dice), against, on: day(dice) }
        }
        20 => {
            let approved = dice.below(8) > 0;
            Ask::WriteOff { item: small(dice, 4), amount: amount(dice), approved, on: day(dice) }
        }
        _ => Ask::Refund { receipt: small(dice, 3), amount: amount(dice), on: day(dice) },
    }
}

/// Returns what the application of a request is called.
pub(super) fn name(ask: &Ask, number: u64) -> String {
    match ask {
        Ask::WriteOff { .. } => format!("W-{number}"),
        _ => format!("A-{number}"),
    }
}
