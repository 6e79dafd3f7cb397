//! Lines about events of the book itself.

use daybook_core::event::Kind;
use daybook_core::event::book::{
    BookOpened, EventLayoutPublished, EventVoided, ImportApplied, PolicyVersionPublished,
};

use super::Summary;

pub(super) fn opened(body: &BookOpened) -> Summary {
    let (name, zone) = (&body.name, &body.zone);
    Summary::new(format!("book {name} opened in {zone}"), format!("开账：{name}，时区 {zone}"))
}

pub(super) fn layout(body: &EventLayoutPublished) -> Summary {
    let (name, version) = (&body.kind_name, body.schema_version);
    Summary::new(
        format!("layout of {name} version {version} published"),
        format!("发布事件格式 {name} 第 {version} 版"),
    )
}

pub(super) fn policy(body: &PolicyVersionPublished) -> Summary {
    let (name, version) = (&body.policy, body.version);
    Summary::new(
        format!("policy {name} version {version} published"),
        format!("发布规则 {name} 第 {version} 版"),
    )
}

pub(super) fn voided(body: &EventVoided) -> Summary {
    let kind = Kind::from_tag(body.kind_tag);
    let (en, zh) = kind.map_or(("event", "事件"), |kind| (kind.name(), kind.label_zh()));
    let position = body.position;
    Summary::new(
        format!("{en} at position {position} voided"),
        format!("作废位置 {position} 的事件（{zh}）"),
    )
}

pub(super) fn import(body: &ImportApplied) -> Summary {
    let (files, rows, events) = (body.file_names(), body.rows(), body.events);
    let (import, read, refused) = (&body.import, rows.read, rows.refused);
    Summary::new(
        format!("{files} imported as {import}: {read} rows, {events} events, {refused} refused"),
        format!("导入 {files}（{import}）：{read} 行，{events} 个事件，拒绝 {refused} 行"),
    )
}
