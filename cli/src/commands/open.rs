//! `daybook open`: one customer in one screen.

use anstyle::Style;
use clap::Args;
use daybook_core::time::{Clock, Timestamp};
use daybook_server::api::customers::{ContactView, CustomerAnswer, CustomersQuery, ProfileView};
use daybook_server::api::dealings::{ComplaintView, DealingsView, OpenTaskView, OpportunityView};

use super::{BasisOptions, Done, Global, log, lookup, say_basis};
use crate::called;
use crate::error::CliError;
use crate::render::screen::{self, Room, Row, Section};
use crate::render::{Lang, amounts, instant, labelled, paint, print_json};
use crate::session::Session;
use crate::system::{SystemClock, program};

/// Events fetched for the last section; more than any terminal shows.
const TOUCHPOINTS: usize = 200;
/// Next steps that are shown; older ones are rarely still to be done.
const STEPS: usize = 5;
/// The details that say who it is; `show` has all of them.
const HEAD_DETAILS: [&str; 6] = ["city", "country", "industry", "phone", "email", "website"];
/// Lines below the screen: the basis, and the shell's prompt.
const LINES_BELOW: usize = 2;

/// Show one customer in one screen: who, money, what is open, last touchpoints
#[derive(Debug, Args)]
pub struct Open {
    /// The customer: code, name, pinyin, phone number, or a part of one
    who: String,
    #[command(flatten)]
    basis: BasisOptions,
}

impl Open {
    /// Finds the customer and shows it.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let query = CustomersQuery {
            as_of: self.basis.as_of,
            known_at: self.basis.known_at,
            after: None,
            limit: Some(TOUCHPOINTS),
        };
        let session = Session::open(global, "open")?;
        let found = session.wait(lookup::customer(&session.client, &self.who, &query));
        session.close()?;
        let answer = found?;
        if global.json {
            print_json(&answer);
            return Ok(Done::Wholly);
        }
        let (lang, now) = (global.language(), SystemClock.now());
        let mut rows = lines(&answer, now, Room::of_terminal(), lang);
        for (_, text) in &mut rows {
            *text = called::again(text, &program(), &global.dir_option());
        }
        screen::print(&rows);
        say_basis(&answer.basis, lang);
        Ok(Done::Wholly)
    }
}

/// Returns the screen of a customer, as it is at the answer's basis or now.
pub fn lines(answer: &CustomerAnswer, now: Timestamp, room: Room, lang: Lang) -> Vec<Row> {
    let (profile, dealings) = (&answer.profile, &answer.dealings);
    let at = answer.basis.as_of.unwrap_or(now);
    let zone = answer.basis.zone.as_str();
    let section = |label, rows| Section { label, rows, whole: false };
    let complaints =
        together(answer, |one| &one.1.complaints, |line| complaint(line, at, zone, lang));
    let tasks = together(answer, |one| &one.1.tasks, |line| task(line, at, zone, lang));
    let steps = dealings.next_steps.iter().take(STEPS).map(|step| {
        let day: String = instant(step.at, zone).chars().take(10).collect();
        (Style::new(), format!("{day}  {}", step.step))
    });
    let sections = [
        section(
            lang.pick("contacts", "联系人"),
            together(answer, |one| &one.0.contacts, |line| contact(line, lang)),
        ),
        Section { label: lang.pick("money", "款项"), rows: money(profile, lang), whole: true },
        section(
            lang.pick("opportunities", "进行中机会"),
            together(answer, |one| &one.1.opportunities, |line| opportunity(line, lang)),
        ),
        section(lang.pick("complaints", "未结投诉请求"), complaints),
        section(lang.pick("next steps", "下一步"), tasks.into_iter().chain(steps).collect()),
        section(lang.pick("last", "最近往来"), touchpoints(answer, zone, lang)),
    ];
    screen::lay_out(head(answer, lang), &sections, LINES_BELOW, room, lang)
}

/// Who it is, in two lines.
fn head(answer: &CustomerAnswer, lang: Lang) -> Vec<Row> {
    let profile = &answer.profile;
    let sealed = lang.pick("(sealed)", "（已密封）");
    let name = profile.name.as_deref().unwrap_or(sealed);
    let kind = profile.kind.as_deref().map(|kind| labelled(kind, lang));
    let owner = match &profile.owner {
        Some(owner) => format!("{} {owner}", lang.pick("owner", "负责人")),
        None => lang.pick("no owner", "无负责人").to_owned(),
    };
    let source = profile.source.as_deref();
    let source =
        source.map(|source| format!("{} {}", lang.pick("source", "来源"), labelled(source, lang)));
    let shown = profile.details.iter().filter(|detail| HEAD_DETAILS.contains(&&*detail.field));
    let details = shown.map(|detail| {
        let label = lang.pick(&detail.field, &detail.label_zh);
        format!("{label} {}", detail.value.as_deref().unwrap_or(sealed))
    });
    let facts: Vec<String> = kind.into_iter().chain([owner]).chain(source).chain(details).collect();
    let mut head = vec![
        (paint::HEADING, format!("{}  {name}", profile.code)),
        (Style::new(), facts.join(" · ")),
    ];
    head.extend(links(answer, lang).map(|text| (Style::new(), text)));
    head
}

/// Who somebody is, and what is going on.
type Side<'a> = (&'a ProfileView, &'a DealingsView);

/// Writes what the customer has, and then what those have that are merged into it, with their code.
fn together<'a, T: 'a>(
    answer: &'a CustomerAnswer,
    of: impl Fn(Side<'a>) -> &'a Vec<T>,
    write: impl Fn(&'a T) -> Row,
) -> Vec<Row> {
    let mut rows: Vec<Row> = of((&answer.profile, &answer.dealings)).iter().map(&write).collect();
    for merged in &answer.merged {
        let code = &merged.profile.code;
        let theirs = of((&merged.profile, &merged.dealings)).iter().map(&write);
        rows.extend(theirs.map(|(style, text)| (style, format!("{code}/{text}"))));
    }
    rows
}

/// What it is merged with, and what all of them owe together.
pub(super) fn links(answer: &CustomerAnswer, lang: Lang) -> Option<String> {
    if let Some(survivor) = &answer.merged_into {
        return Some(match lang {
            Lang::En => format!("merged into {survivor}"),
            Lang::Zh => format!("已并入 {survivor}"),
        });
    }
    let owed = amounts(&answer.together.as_ref()?.receivable);
    let merged = answer.merged.iter().map(|merged| match &merged.profile.name {
        Some(name) => format!("{} {name}", merged.profile.code),
        None => merged.profile.code.clone(),
    });
    let merged: Vec<String> = merged.collect();
    Some(match lang {
        Lang::En => format!("with {}, merged into it; owed together {owed}", merged.join(", ")),
        Lang::Zh => format!("连同并入的 {}；合计应收 {owed}", merged.join("、")),
    })
}

fn contact(contact: &ContactView, lang: Lang) -> Row {
    let main = if contact.main { lang.pick(" (main)", "（主要）") } else { "" };
    let name = contact.name.as_deref().unwrap_or(lang.pick("(sealed)", "（已密封）"));
    let ways = contact.phones.iter().chain(&contact.emails);
    let parts: Vec<String> = contact.role.iter().chain(ways).cloned().collect();
    (Style::new(), format!("{} {name}{main}  {}", contact.contact, parts.join(", ")))
}

/// What is owed, late and left over, a line each, so that no amount is ever cut.
fn money(profile: &ProfileView, lang: Lang) -> Vec<Row> {
    let figures = &profile.figures;
    let mut rows = vec![(
        Style::new(),
        format!("{} {}", lang.pick("owed", "应收"), amounts(&figures.receivable)),
    )];
    if !figures.overdue.is_empty() {
        let since = figures.overdue_since.map(|since| match lang {
            Lang::En => format!(" since {since}"),
            Lang::Zh => format!("，自 {since} 起"),
        });
        let overdue = amounts(&figures.overdue);
        let text =
            format!("{} {overdue}{}", lang.pick("overdue", "其中逾期"), since.unwrap_or_default());
        rows.push((paint::WARNING, text));
    }
    if !figures.unapplied.is_empty() {
        let unapplied = amounts(&figures.unapplied);
        rows.push((
            Style::new(),
            format!("{} {unapplied}", lang.pick("unapplied credit", "未核销回款")),
        ));
    }
    for broken in &figures.discrepancies {
        let (id, on) = (&broken.confirmation, broken.confirmed_on);
        let was = amounts(std::slice::from_ref(&broken.confirmed));
        let now = amounts(std::slice::from_ref(&broken.now));
        let text = match lang {
            Lang::En => format!("balance of {on} confirmed as {was} ({id}) is now {now}"),
            Lang::Zh => format!("{on} 对账余额 {was}（{id}）现为 {now}"),
        };
        rows.push((paint::WARNING, text));
    }
    rows
}

fn opportunity(line: &OpportunityView, lang: Lang) -> Row {
    let stage = lang.pick(&line.stage, &line.stage_zh);
    let mut text = format!("{} {stage}", line.opportunity);
    if let Some(amount) = &line.amount {
        text.push_str(&format!("  {}", amounts(std::slice::from_ref(amount))));
    }
    if let Some(day) = line.expected_close_on {
        match lang {
            Lang::En => text.push_str(&format!("  closes {day}")),
            Lang::Zh => text.push_str(&format!("  预计 {day} 成交")),
        }
    }
    if let Some(title) = &line.title {
        text.push_str(&format!("  {title}"));
    }
    (Style::new(), text)
}

fn complaint(line: &ComplaintView, at: Timestamp, zone: &str, lang: Lang) -> Row {
    let due = match (line.first_response_due_at, line.resolution_due_at) {
        (Some(due), _) => Some((lang.pick("first response due", "首次响应期限"), due)),
        (None, Some(due)) => Some((lang.pick("answer due", "答复期限"), due)),
        (None, None) => None,
    };
    let late = due.is_some_and(|(_, due)| due < at) && !line.paused;
    let due = match due {
        Some((what, due)) => format!("{what} {}", instant(due, zone)),
        None => lang.pick("answered, to be closed", "已答复，待关闭").to_owned(),
    };
    let state = match (late, line.paused, &line.waiting_for) {
        (true, ..) => lang.pick(", late", "，已超期").to_owned(),
        (_, true, Some(whom)) => format!("{}{whom}", lang.pick(", waits for ", "，等待 ")),
        (_, true, None) => lang.pick(", clock stands", "，计时暂停").to_owned(),
        _ => String::new(),
    };
    let said = line.said.as_ref().map(|said| format!("  {said}")).unwrap_or_default();
    let (id, severity) = (&line.complaint, lang.pick(&line.severity, &line.severity_zh));
    let (kind, subject) =
        (lang.pick(&line.kind, &line.kind_zh), lang.pick(&line.subject, &line.subject_zh));
    let text = match lang {
        Lang::En => format!("{id} {kind} about {subject}, {severity}; {due}{state}{said}"),
        Lang::Zh => format!("{id} {kind}（{subject}，{severity}）{due}{state}{said}"),
    };
    (if late { paint::WARNING } else { Style::new() }, text)
}

fn task(line: &OpenTaskView, at: Timestamp, zone: &str, lang: Lang) -> Row {
    let (id, due) = (&line.task, instant(line.due_at, zone));
    let text = line.text.as_deref().unwrap_or(lang.pick("(sealed)", "（已密封）"));
    let who = line.assignee.as_ref().map(|who| format!(", {who}")).unwrap_or_default();
    let late = line.due_at < at;
    let state = if late { lang.pick(", late", "，已超期") } else { "" };
    let text = match lang {
        Lang::En => format!("{id} due {due}{state}{who}  {text}"),
        Lang::Zh => format!("{id} 期限 {due}{state}{who}  {text}"),
    };
    (if late { paint::WARNING } else { Style::new() }, text)
}

fn touchpoints(answer: &CustomerAnswer, zone: &str, lang: Lang) -> Vec<Row> {
    let newest = answer.timeline.iter().rev().map(|event| {
        let style = if event.voided_by.is_some() { paint::FAINT } else { Style::new() };
        let whose = event.stream.strip_prefix("customer/").unwrap_or_default();
        let merged = whose != answer.profile.code;
        let origin = if merged { format!("{whose}/ ") } else { String::new() };
        let line = log::line(event, lang);
        (style, format!("{}  {origin}{line}", instant(event.effective_at, zone)))
    });
    let mut rows: Vec<Row> = newest.collect();
    if answer.earlier > 0 {
        let code = &answer.profile.code;
        let earlier = match lang {
            Lang::En => format!("(earlier events: `daybook log --customer {code}`)"),
            Lang::Zh => format!("（更早的见 `daybook log --customer {code}`）"),
        };
        rows.push((Style::new(), earlier));
    }
    rows
}
