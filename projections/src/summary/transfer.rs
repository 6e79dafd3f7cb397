//! Lines about data on its way out and imports taken back.

use daybook_core::event::Kind;
use daybook_core::event::transfer::{DataExported, ImportReverted};

use super::Summary;

pub(super) fn exported(body: &DataExported) -> Summary {
    let (format, format_zh) = (body.format.as_str(), body.format.label_zh());
    let (from, before) = (body.from, body.before);
    let kind = body.kind.as_ref().and_then(|kind| Kind::from_name(kind.as_str()));
    let (what, what_zh) = kind.map_or(("events", "事件"), |kind| (kind.name(), kind.label_zh()));
    let personal = match (body.personal, body.files) {
        (false, _) => (", personal sections sealed", "，个人内容未开封"),
        (true, false) => ("", ""),
        (true, true) => (", attached files included", "，含附件"),
    };
    let whose = body.of_customer.as_ref().map(|customer| format!("{customer} "));
    let whose = whose.unwrap_or_default();
    Summary::new(
        format!("{whose}{what} from {from} to before {before} exported as {format}{}", personal.0),
        format!(
            "导出 {whose}{what_zh}（位置 {from} 起，至 {before} 前）为{format_zh}{}",
            personal.1
        ),
    )
}

pub(super) fn reverted(body: &ImportReverted) -> Summary {
    let ImportReverted { import, reversed, kept, failed, .. } = body;
    let stays = kept.saturating_add(*failed);
    Summary::new(
        format!("import {import} taken back: {reversed} events void, {stays} stay"),
        format!("撤销导入 {import}：{reversed} 个事件作废，{stays} 个保留"),
    )
}
