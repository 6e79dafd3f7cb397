//! Lines about rates and periods.

use daybook_core::event::accounting::{ExchangeRateRecorded, PeriodLocked};

use super::Summary;

pub(super) fn rate(body: &ExchangeRateRecorded) -> Summary {
    let (base, rate, on) = (body.base, &body.rate, body.rate_on);
    let quote = body.quote.map(|quote| quote.to_string()).unwrap_or_default();
    Summary::new(
        format!("1 {base} is worth {rate} {quote} from {on} on"),
        format!("自 {on} 起 1 {base} 兑 {rate} {quote}"),
    )
    .and(body.publisher.as_ref())
}

pub(super) fn locked(body: &PeriodLocked) -> Summary {
    let through = body.through;
    Summary::new(format!("accounts locked through {through}"), format!("账目锁定至 {through}"))
        .and(body.legal_entity.as_ref())
}
