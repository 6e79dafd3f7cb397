//! Lines about held mail.

use daybook_core::event::mail::{HeldReason, MailAssigned, MailHeld, MailOutcome};

use super::{Summary, words};

pub(super) fn held(body: &MailHeld) -> Summary {
    let mail = &body.mail;
    let why = match body.held_because {
        HeldReason::Unknown => "nobody in it is known",
        HeldReason::Ambiguous => "it fits several customers",
    };
    let said = words(Some(&body.content), |content| {
        let sender = content.from.first().map(|party| party.address.to_string());
        let subject = content.subject.as_ref().map(ToString::to_string);
        match (sender, subject) {
            (Some(sender), Some(subject)) => Some(format!("{sender}: {subject}")),
            (one, other) => one.or(other),
        }
    });
    let zh = format!("邮件 {mail} 待认领（{}）", body.held_because.label_zh());
    Summary::new(format!("mail {mail} held, {why}"), zh).saying(said)
}

pub(super) fn assigned(body: &MailAssigned) -> Summary {
    let mail = &body.mail;
    match (body.outcome, &body.assigned_to) {
        (MailOutcome::Assigned, Some(customer)) => Summary::new(
            format!("mail {mail} assigned to {customer}"),
            format!("邮件 {mail} 归入客户 {customer}"),
        ),
        (outcome, _) => Summary::new(
            format!("mail {mail} {outcome}"),
            format!("邮件 {mail} {}", outcome.label_zh()),
        ),
    }
}
