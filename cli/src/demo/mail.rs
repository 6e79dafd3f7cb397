//! Mail that came in by itself: some of it belongs to customers at once, some waits until somebody
//! says whose it is. Nothing here is drawn.

use daybook_core::event::Section;
use daybook_core::event::interaction::{
    Correspondence, Direction, InteractionChannel, InteractionRecorded,
};
use daybook_core::event::mail::{
    HeldReason, MailAssigned, MailContent, MailHeld, MailOutcome, MailPart, MailParty,
};
use daybook_core::id::{MailId, Note, TextError};
use daybook_core::time::Date;

use super::calendar::{Moment, day};
use super::cast::SERVICE_DESK;
use super::pen::{Party, Pen, Told, text, user};

/// Our own address.
const OURS: &str = "sales@ecp.example";

/// One message: day, id, thread, whether we wrote, the other side, subject, text.
type Letter = (Date, &'static str, &'static str, bool, &'static str, &'static str, &'static str);

const LETTERS: [(&str, Letter); 4] = [
    (
        "C-1001",
        (
            day(2025, 3, 14),
            "M-2f0c61a9d7e4b385",
            "TH-91b3d07c55ea1f26",
            false,
            "caigou@hengli.example",
            "夹具图纸",
            "附件是夹具图纸的修改意见,请尽快给出新版。",
        ),
    ),
    (
        "C-1001",
        (
            day(2025, 3, 20),
            "M-7a15e8c2046fd93b",
            "TH-91b3d07c55ea1f26",
            true,
            "caigou@hengli.example",
            "答复: 夹具图纸",
            "新版图纸见附件,孔位已按贵方意见修改。",
        ),
    ),
    (
        "C-1020",
        (
            day(2025, 10, 10),
            "M-c84d1f7be2903a56",
            "TH-3ce80f6a1d72b94e",
            false,
            "maintenance@northfield.example",
            "Spare parts for the winter stop",
            "Please send us the list of wear parts for both lathes.",
        ),
    ),
    (
        "C-1020",
        (
            day(2025, 11, 6),
            "M-05b79e3c8da1f462",
            "TH-3ce80f6a1d72b94e",
            true,
            "maintenance@northfield.example",
            "Re: Spare parts for the winter stop",
            "The list is attached; prices hold until the end of January.",
        ),
    ),
];

/// The held message that turns out to be a customer's: mail and customer.
const ASSIGNED: (&str, &str) = ("M-e61f09b7a4c2d835", "C-1028");

const HELD: [(Date, &str, &str, &str, &str); 3] = [
    (
        day(2025, 6, 3),
        ASSIGNED.0,
        "zijin.lab@post.example",
        "仪器校准",
        "我们是紫金仪器的新实验室,想了解年度校准服务。",
    ),
    (
        day(2025, 7, 15),
        "M-1b8e4d60c97f23a5",
        "offers@cheap-leads.example",
        "10,000 fresh leads",
        "Buy our list today.",
    ),
    (
        day(2025, 12, 18),
        "M-93d2c0f8715be64a",
        "j.brandt@post.example",
        "Your machine at the school workshop",
        "Do you give used lathes to training workshops?",
    ),
];

/// Tells the mail of the year.
pub(super) fn arrive(pen: &mut Pen, parties: &[Party]) -> Told {
    for (code, letter) in &LETTERS {
        if let Some(party) = parties.iter().find(|party| party.code.as_str() == *code) {
            letter_of(pen, party, letter)?;
        }
    }
    for held in &HELD {
        hold(pen, held)?;
    }
    let (mail, code) = ASSIGNED;
    if let Some(party) = parties.iter().find(|party| party.code.as_str() == code) {
        assign(pen, party, mail)?;
    }
    dismiss(pen, HELD[1].1)
}

fn content(from: &str, to: &str, subject: &str, words: &str) -> Result<MailContent, TextError> {
    let party = |address: &str| -> Result<Vec<MailParty>, TextError> {
        Ok(vec![MailParty { name: None, address: text(address)? }])
    };
    Ok(MailContent {
        message_id: None,
        thread_root: None,
        subject: Some(text(subject)?),
        from: party(from)?,
        to: party(to)?,
        cc: Vec::new(),
        text: Some(text(words)?),
    })
}

fn interaction(
    party: &Party,
    moment: Moment,
    direction: Direction,
    mail: MailPart,
    subject: &str,
) -> Result<InteractionRecorded, TextError> {
    let summary = Some(text::<Note>(subject)?);
    Ok(InteractionRecorded {
        interaction: text(mail.mail.as_str())?,
        channel: InteractionChannel::Email,
        direction,
        started_at: moment.effective,
        ended_at: None,
        contacts: Vec::new(),
        unknown_caller: true,
        staff: vec![user(party.owner)?],
        about: None,
        verdict: None,
        kind: None,
        cost: None,
        correspondence: Some(Section::Open(Correspondence {
            summary,
            place: None,
            next_step: None,
        })),
        mail: Some(mail),
    })
}

fn letter_of(pen: &mut Pen, party: &Party, letter: &Letter) -> Told {
    let (on, id, thread, ours, other, subject, words) = *letter;
    let (from, to, direction) =
        if ours { (OURS, other, Direction::Out) } else { (other, OURS, Direction::In) };
    let mail = MailPart {
        mail: text(id)?,
        thread: text(thread)?,
        held: false,
        content: Section::Open(content(from, to, subject, words)?),
    };
    let moment = Moment::on(on, 10 * 60 + 5);
    let recorded = interaction(party, moment, direction, mail, subject)?;
    pen.tell(moment, party.owner, party, recorded)
}

fn hold(pen: &mut Pen, held: &(Date, &str, &str, &str, &str)) -> Told {
    let (on, id, from, subject, words) = *held;
    let moment = Moment::on(on, 11 * 60 + 10);
    let event = MailHeld {
        mail: text(id)?,
        direction: Direction::In,
        held_because: HeldReason::Unknown,
        size_bytes: 1200 + words.len() as u64,
        content: Section::Open(content(from, OURS, subject, words)?),
    };
    let request = pen.request_to_book(moment, event)?;
    pen.submit(moment.recorded, SERVICE_DESK, vec![request])
}

fn assign(pen: &mut Pen, party: &Party, mail: &str) -> Told {
    let Some((on, id, from, subject, words)) = HELD.iter().find(|held| held.1 == mail).copied()
    else {
        return Ok(());
    };
    let received = Moment::on(on, 11 * 60 + 10);
    let moment = Moment { recorded: Moment::on(on, 14 * 60).recorded, ..received };
    let mail: MailId = text(id)?;
    let part = MailPart {
        mail: mail.clone(),
        thread: text("TH-58a7e2d1c06b94f3")?,
        held: true,
        content: Section::Open(content(from, OURS, subject, words)?),
    };
    let recorded = interaction(party, moment, Direction::In, part, subject)?;
    let assigned = MailAssigned {
        mail,
        outcome: MailOutcome::Assigned,
        assigned_to: Some(party.code.clone()),
        interaction: Some(recorded.interaction.clone()),
        contact: None,
    };
    let requests =
        vec![pen.request_to_book(moment, assigned)?, pen.request(moment, party, recorded)?];
    pen.submit(moment.recorded, SERVICE_DESK, requests)
}

fn dismiss(pen: &mut Pen, mail: &str) -> Told {
    let moment = Moment::on(day(2025, 7, 15), 16 * 60);
    let dismissed = MailAssigned {
        mail: text(mail)?,
        outcome: MailOutcome::Dismissed,
        assigned_to: None,
        interaction: None,
        contact: None,
    };
    let mut request = pen.request_to_book(moment, dismissed)?;
    request.reason = Some(text("advertising")?);
    pen.submit(moment.recorded, SERVICE_DESK, vec![request])
}
