//! Lines about who holds what and who works here.

use daybook_core::event::assignment::{HeldBy, RecordAssigned};
use daybook_core::event::merge::{CustomersMerged, MergeReversed, MergeSide};
use daybook_core::event::organisation::{OrgUnitChanged, UserStatusChanged};
use daybook_core::event::share::{RecordShareChanged, ShareChange};

use super::{Summary, words};

pub(super) fn assigned(body: &RecordAssigned) -> Summary {
    let (record, moved) = (&body.record, body.moved.len());
    let (from, to) = (HeldBy(body.from.clone()), HeldBy(Some(body.to.clone())));
    let mut en = format!("{record} goes from {from} to {to}");
    let mut zh = format!("{}由{}转给{}", record.in_chinese(), from.in_chinese(), to.in_chinese());
    if moved > 0 {
        en.push_str(&format!(", with {moved} open"));
        zh.push_str(&format!("，连同 {moved} 项未了事项"));
    }
    Summary::new(en, zh)
}

pub(super) fn merged(body: &CustomersMerged) -> Summary {
    let (survivor, merged) = (&body.survivor, &body.merged);
    if body.side == Some(MergeSide::Survivor) {
        return Summary::new(format!("{merged} is merged into it"), format!("{merged} 并入"));
    }
    Summary::new(format!("merged into {survivor}"), format!("并入 {survivor}"))
}

pub(super) fn parted(body: &MergeReversed) -> Summary {
    let (survivor, merged) = (&body.survivor, &body.merged);
    if body.side == MergeSide::Merged {
        let (en, zh) = (format!("no more merged into {survivor}"), format!("不再并入 {survivor}"));
        return Summary::new(en, zh);
    }
    let (all, goes) = (body.facts.len(), body.facts.iter().filter(|fact| fact.to == *merged));
    let goes = goes.count();
    Summary::new(
        format!("the merge of {merged} is undone; {goes} of {all} facts since go there"),
        format!("撤销 {merged} 的并入；此后 {all} 项事实中 {goes} 项归其所有"),
    )
}

pub(super) fn shared(body: &RecordShareChanged) -> Summary {
    let (record, grantee) = (&body.record, HeldBy(Some(body.grantee.clone())));
    let rights: Vec<&str> = body.rights.iter().map(|right| right.as_str()).collect();
    let rights_zh: Vec<&str> = body.rights.iter().map(|right| right.label_zh()).collect();
    let (rights, rights_zh) = (rights.join(", "), rights_zh.join("、"));
    let (record_zh, grantee_zh) = (record.in_chinese(), grantee.in_chinese());
    let (en, zh) = match body.change {
        ShareChange::Granted => (
            format!("{record} is shared with {grantee}: {rights}"),
            format!("{record_zh}共享给{grantee_zh}：{rights_zh}"),
        ),
        ShareChange::Revoked => (
            format!("{record} is shared with {grantee} no more: {rights}"),
            format!("{record_zh}不再共享给{grantee_zh}：{rights_zh}"),
        ),
    };
    match body.until {
        Some(until) => Summary::new(format!("{en}, until {until}"), format!("{zh}，至 {until}")),
        None => Summary::new(en, zh),
    }
}

pub(super) fn unit(body: &OrgUnitChanged) -> Summary {
    let (unit, change) = (&body.unit, body.change);
    Summary::new(format!("unit {unit} {change}"), format!("部门 {unit} {}", change.label_zh()))
        .and(body.name.as_ref())
}

pub(super) fn user(body: &UserStatusChanged) -> Summary {
    let (user, status) = (&body.user, body.to);
    let name = words(body.identity.as_ref(), |identity| Some(identity.name.to_string()));
    Summary::new(format!("user {user} {status}"), format!("用户 {user} {}", status.label_zh()))
        .and(body.unit.as_ref())
        .saying(name)
}
