//! The story: a year of 华东精密机械 / East China Precision, a maker of machine tools, and its
//! customers. One seed gives one story, request by request.

use daybook_core::decide::Command;
use daybook_core::event::attachment::MediaTypeError;
use daybook_core::event::book::{
    PolicyVersionPublished, PriceFloor, PriceFloors, ReceivableRules, ServiceLevels, ServiceTarget,
};
use daybook_core::event::complaint::Severity;
use daybook_core::id::TextError;
use daybook_core::money::{Currency, Money, MoneyError};

use super::calendar::{FIRST_DAY, Moment, day};
use super::cast::{DIRECTOR, HEAD_OF_SERVICE, PRODUCTS};
use super::pen::{Pen, Told, text};
use super::{
    Step, accounts, activity, agreements, customers, exports, imports, landmarks, mail, papers,
    people, sales, service, settlements, surveys, tasks,
};

/// Why there is no story: one of its own texts is not acceptable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoryError {
    /// A text.
    #[error("a text of the story is not acceptable")]
    Text(#[from] TextError),
    /// A media type.
    #[error("a media type of the story is not acceptable")]
    MediaType(#[from] MediaTypeError),
    /// A currency.
    #[error("a currency of the story is not known")]
    Money(#[from] MoneyError),
}

/// Returns the steps of the year in the order in which they were written down.
///
/// # Errors
/// [`StoryError`], which only a mistake in the story's own texts can cause.
pub fn story(seed: u64) -> Result<Vec<Step>, StoryError> {
    let (cny, usd): (Currency, Currency) = ("CNY".parse()?, "USD".parse()?);
    let mut pen = Pen::new(seed, cny, usd);
    policies(&mut pen)?;
    let parties = customers::arrive(&mut pen)?;
    landmarks::tell(&mut pen, &parties)?;
    settlements::tell(&mut pen, &parties)?;
    for party in &parties {
        customers::changes(&mut pen, party)?;
        activity::contacts(&mut pen, party)?;
        sales::deals(&mut pen, party)?;
        service::cases(&mut pen, party)?;
        surveys::yearly(&mut pen, party)?;
    }
    // Told last, so that what they add changes no draw and no key of the rest.
    people::staff(&mut pen)?;
    tasks::plan(&mut pen, &parties)?;
    mail::arrive(&mut pen, &parties)?;
    papers::tell(&mut pen, &parties)?;
    imports::mistake(&mut pen, &parties)?;
    exports::take(&mut pen)?;
    accounts::tell(&mut pen, &parties)?;
    agreements::tell(&mut pen, &parties)?;
    people::sharing(&mut pen, &parties)?;
    people::handover(&mut pen, &parties)?;
    people::merges(&mut pen, &parties)?;
    Ok(pen.finish())
}

/// The rules the company sets itself: price floors at the start, tighter limits from July on.
fn policies(pen: &mut Pen) -> Told {
    let mut floors = Vec::with_capacity(PRODUCTS.len() * 2);
    for product in PRODUCTS {
        for (list, currency) in [(product.fen, pen.cny), (product.cents, pen.usd)] {
            let price = Money::new(list * 80 / 100, currency);
            floors.push(PriceFloor { product: text(product.code)?, price });
        }
    }
    let empty = PolicyVersionPublished {
        policy: text("price_floors")?,
        version: 2,
        pipeline: None,
        ageing: None,
        service_levels: None,
        indicators: None,
        price_floors: None,
        receivable_rules: None,
        pool_rules: None,
    };
    let floors =
        PolicyVersionPublished { price_floors: Some(PriceFloors { floors }), ..empty.clone() };
    publish(pen, Moment::on(FIRST_DAY, 9 * 60 + 5), DIRECTOR, floors)?;
    let rules = PolicyVersionPublished {
        policy: text("receivables")?,
        version: 1,
        receivable_rules: Some(receivable_rules(pen)),
        ..empty.clone()
    };
    publish(pen, Moment::on(FIRST_DAY, 9 * 60 + 10), DIRECTOR, rules)?;
    let levels = PolicyVersionPublished {
        policy: text("service_levels")?,
        service_levels: Some(tighter_limits()),
        ..empty
    };
    publish(pen, Moment::on(day(2025, 7, 1), 9 * 60), HEAD_OF_SERVICE, levels)
}

fn publish(pen: &mut Pen, moment: Moment, by: u8, policy: PolicyVersionPublished) -> Told {
    let request = pen.request_to_book(moment, Command::PublishPolicyVersion(policy))?;
    pen.submit(moment.recorded, by, vec![request])
}

/// Reminders after two weeks, a month and two, and small differences given up without asking.
fn receivable_rules(pen: &Pen) -> ReceivableRules {
    let amounts = |minor| vec![Money::new(minor, pen.cny), Money::new(minor / 10, pen.usd)];
    ReceivableRules {
        level_days: vec![14, 30, 60],
        grace_days: 3,
        interval_days: 7,
        notice_minimums: amounts(10_000),
        tolerances: amounts(1_000),
        limits: amounts(100_000_000),
        concessions: amounts(500_000),
    }
}

/// Saturday mornings count as well, and ordinary complaints are answered within three days.
fn tighter_limits() -> ServiceLevels {
    let target = |severity, first_response_minutes, resolution_minutes| ServiceTarget {
        severity,
        first_response_minutes,
        resolution_minutes,
    };
    ServiceLevels {
        day_starts_minute: 8 * 60 + 30,
        day_ends_minute: 18 * 60,
        weekdays: vec![1, 2, 3, 4, 5, 6],
        targets: vec![
            target(Severity::Low, 6 * 60, 8 * 570),
            target(Severity::Normal, 3 * 60, 3 * 570),
            target(Severity::Severe, 45, 570),
        ],
    }
}
