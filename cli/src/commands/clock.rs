//! `daybook clock`: whether the machine's clock is believed, and a person's word that it is right.

use clap::{Args, Subcommand};
use daybook_server::api::clock::{ClockAnswer, ConfirmCall};

use super::{Done, Global};
use crate::error::CliError;
use crate::render::{Lang, instant, print_json};
use crate::session::Session;

/// Show the clock the ledger records by, and whether it is believed
#[derive(Debug, Args)]
pub struct Clock {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    Confirm(Confirm),
}

/// Say that the clock is right, after it has jumped forward
#[derive(Debug, Args)]
struct Confirm {}

impl Clock {
    /// Shows the clock, or confirms it first.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "clock")?;
        let (clock, zone) = session.wait(async {
            let seen = session.client.clock().await?;
            let clock = match self.what {
                // A clock that is believed needs nobody's word.
                Some(What::Confirm(Confirm {})) if !seen.believed => {
                    session.client.confirm_clock(&ConfirmCall { now: seen.now }).await?
                }
                _ => seen,
            };
            let book = session.client.book().await?;
            Ok::<_, CliError>((clock, book.zone))
        })?;
        session.close()?;
        if global.json {
            print_json(&clock);
        } else {
            print(&clock, &zone, global);
        }
        Ok(Done::Wholly)
    }
}

fn print(clock: &ClockAnswer, zone: &str, global: &Global) {
    let lang = global.language();
    let (now, last) = (instant(clock.now, zone), instant(clock.last_recorded_at, zone));
    match lang {
        Lang::En => crate::out!("clock  {now}, last event recorded {last}"),
        Lang::Zh => crate::out!("时钟  {now}，最后一个事件记录于 {last}"),
    }
    let Some(jump) = &clock.jump else {
        crate::out!(
            "{}",
            lang.pick("It is believed; events are recorded.", "时钟可信，事件照常记录。")
        );
        return;
    };
    let (days, expected) = (jump.days, instant(jump.expected, zone));
    match (lang, jump.measured) {
        (Lang::En, true) => {
            crate::out!("It is {days} days ahead: by the time that passed it should be {expected}.")
        }
        (Lang::En, false) => {
            crate::out!("It is {days} days after the ledger was last in use, {expected}.")
        }
        (Lang::Zh, true) => crate::out!("它快了 {days} 天：按实际经过的时间应为 {expected}。"),
        (Lang::Zh, false) => crate::out!("距账簿上次使用（{expected}）已有 {days} 天。"),
    }
    let nothing = lang.pick(
        "Nothing is recorded until it is set right or confirmed:",
        "在校准或确认之前不记录任何内容：",
    );
    crate::out!("{nothing}\n  {}", global.command("clock confirm"));
}
