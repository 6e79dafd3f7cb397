//! Lines about customers, contacts and interactions.

use daybook_core::event::attachment::AttachmentAdded;
use daybook_core::event::customer::{
    ContactAdded, CustomerDetailsChanged, CustomerField, CustomerRegistered, DetailChanges,
};
use daybook_core::event::interaction::{
    Direction, InteractionChannel, InteractionRecorded, InteractionVoided,
};
use daybook_core::id::{Line, Note};

use super::{Summary, words};

pub(super) fn registered(body: &CustomerRegistered) -> Summary {
    let (kind, source) = (body.kind, body.source);
    let name = words(body.details.identity.as_ref(), |identity| {
        let name = identity.changes.iter().find(|change| change.field == CustomerField::Name)?;
        name.new.as_ref().map(Note::to_string)
    });
    let en = format!("{kind} put on file, source {source}");
    let zh = format!("建档（{}，来源：{}）", kind.label_zh(), source.label_zh());
    Summary::new(en, zh).saying(name)
}

pub(super) fn changed(body: &CustomerDetailsChanged) -> Summary {
    let en = fields(&body.details, ", ", CustomerField::as_str);
    let zh = fields(&body.details, "、", CustomerField::label_zh);
    Summary::new(format!("details changed: {en}"), format!("资料变更：{zh}"))
}

fn fields(
    details: &DetailChanges,
    between: &str,
    name: impl Fn(CustomerField) -> &'static str,
) -> String {
    let public = details.public.iter().map(|change| change.field);
    let sealed = details.marks.iter().map(|mark| mark.field);
    public.chain(sealed).map(name).collect::<Vec<_>>().join(between)
}

pub(super) fn contact(body: &ContactAdded) -> Summary {
    let contact = &body.contact;
    let name = words(Some(&body.identity), |identity| Some(identity.name.to_string()));
    Summary::new(format!("contact {contact} added"), format!("添加联系人 {contact}"))
        .and(body.role.as_ref())
        .saying(name)
}

pub(super) fn interaction(body: &InteractionRecorded) -> Summary {
    let channel = body.channel;
    let (way, way_zh) = match body.direction {
        Direction::In => ("from the customer", "客户方"),
        Direction::Out => ("by us", "我方"),
    };
    let said =
        words(body.correspondence.as_ref(), |said| said.summary.as_ref().map(Note::to_string));
    let name = match channel {
        InteractionChannel::VisitIn | InteractionChannel::VisitOut => "visit",
        InteractionChannel::InstantMessage => "instant message",
        InteractionChannel::Sms => "text message",
        InteractionChannel::InternalNote => "internal note",
        other => other.as_str(),
    };
    Summary::new(format!("{name} {way}"), format!("{}（{way_zh}）", channel.label_zh()))
        .saying(said)
}

pub(super) fn interaction_voided(body: &InteractionVoided) -> Summary {
    let interaction = &body.interaction;
    Summary::new(format!("interaction {interaction} voided"), format!("往来 {interaction} 作废"))
}

pub(super) fn attachment(body: &AttachmentAdded) -> Summary {
    let (media_type, size) = (body.media_type.essence(), size(body.size_bytes));
    let name = words(Some(&body.label), |label| label.name.as_ref().map(Line::to_string));
    Summary::new(
        format!("file attached, {media_type}, {size}"),
        format!("添加附件（{media_type}，{size}）"),
    )
    .saying(name)
}

/// Writes a size in decimal units, as file managers do.
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}
