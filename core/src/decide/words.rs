//! The words that refusals carry as facts ("the day of signing", "receivable item") in Chinese, and
//! the field of a request each stands for, where it stands for one.

use std::fmt::Display;

use super::rejection::{Dependents, Rejection};
use crate::event::Kind;
use crate::event::assignment::{AssignedRecord, HeldBy};
use crate::event::customer::CustomerField;
use crate::event::organisation::UserStatus;
use crate::event::share::Right;

/// English, Chinese, and the field or nothing; sorted by the English.
#[rustfmt::skip]
const WORDS: &[(&str, &str, &str)] = &[
    ("a balance the customer sees otherwise", "客户所见不同的余额", ""),
    ("a concession", "让利", ""),
    ("a correction", "更正", ""),
    ("a credit limit", "信用额度", ""),
    ("a credit note", "贷项通知", ""),
    ("a currency appears twice", "有一种货币出现了两次", ""),
    ("a difference of exchange", "汇兑差额", ""),
    ("a discount", "折扣", ""),
    ("a limit is longer than a year", "有一个时限超过一年", ""),
    ("a merge", "合并", ""),
    ("a price is below zero", "有一个价格小于零", ""),
    ("a product and currency appear twice", "有一个产品与货币的组合出现了两次", ""),
    ("a reason for a loss appears twice", "有一个丢单原因出现了两次", ""),
    ("a stage is more than 100 percent probable", "有一个阶段的概率超过百分之百", ""),
    ("a void", "作废", ""),
    ("a write-off", "坏账核销", ""),
    ("accepted", "被接受", ""),
    ("advance", "推进", ""),
    ("an amendment", "变更合同", ""),
    ("an amount is below zero", "有一个金额小于零", ""),
    ("an answer is due before the first response", "答复的时限早于首次回应", ""),
    ("an application", "核销", ""),
    ("an identification", "认领", ""),
    ("an indicator's parent is not there", "有一个指标的上级不存在", ""),
    ("another due day", "改期", ""),
    ("another rate for the same day", "同日的另一汇率", ""),
    ("application", "核销", ""),
    ("apply the credit again instead", "请改为重新核销该款项", ""),
    ("assigned", "认领", ""),
    ("assigning a message again", "重新认领邮件", ""),
    ("bank line", "银行流水", ""),
    ("broken", "未兑现", ""),
    ("commitment", "承诺", ""),
    ("complaint", "投诉", ""),
    ("confirmation", "对账确认", ""),
    ("contact", "联系人", ""),
    ("contract", "合同", ""),
    ("contract number", "合同号", ""),
    ("credit note", "贷项通知", ""),
    ("credit_note", "贷项通知", ""),
    ("currency", "货币", ""),
    ("days or rate of the early discount", "提前付款折扣的天数或比率", "payment"),
    ("detail", "资料", ""),
    ("discount", "折扣", ""),
    ("dismissed", "排除", ""),
    ("dismissing a message", "排除邮件", ""),
    ("does not say whose it is", "没有指明属于谁", ""),
    ("dunning notice", "催款通知", ""),
    ("ending a contract early", "提前结束合同", ""),
    ("exchange difference", "汇兑差额", ""),
    ("exchange_difference", "汇兑差额", ""),
    ("expired", "过期", ""),
    ("fact", "事实", ""),
    ("going back to an earlier stage", "退回较早的阶段", ""),
    ("identification", "认领", ""),
    ("indicator", "指标", ""),
    ("indicators", "指标", ""),
    ("instalment", "分期", ""),
    ("instalments", "分期", ""),
    ("interaction", "往来", ""),
    ("investment", "投入", ""),
    ("invoice", "发票", ""),
    ("invoice number", "发票号", ""),
    ("invoices", "发票", ""),
    ("it describes the book itself", "它描述的是账簿本身", ""),
    ("it has more than 3660 days", "超过 3660 天", ""),
    ("it has more than three levels", "超过三级", ""),
    ("it has no days without a dealing", "没有规定多少天无往来", ""),
    ("it has no edge", "没有分界", ""),
    ("it has no indicator", "没有指标", ""),
    ("it has no reason for a loss", "没有丢单原因", ""),
    ("it has no stage", "没有阶段", ""),
    ("it has no target", "没有目标", ""),
    ("item", "应收项", ""),
    ("kept", "已兑现", ""),
    ("late", "逾期兑现", ""),
    ("legal entity", "法人实体", ""),
    ("let it stay with the survivor", "请让它留在留存方名下", ""),
    ("line", "行", ""),
    ("lock the period anew, through another day", "请改锁定至另一天", ""),
    ("mail", "邮件", ""),
    ("merge the customers again instead", "请改为重新合并客户", ""),
    ("names a customer, although it belongs to none", "指明了客户，而它不属于任何客户", ""),
    ("opening a locked period", "重新开放已锁定的期间", ""),
    ("opportunity", "机会", ""),
    ("paused", "暂停", ""),
    ("pipeline", "销售流程", ""),
    ("pipeline_change", "更换流程", ""),
    ("promise", "承诺", ""),
    ("publish the next version instead", "请改为发布下一版", ""),
    ("quote", "报价", ""),
    ("receipt", "回款", ""),
    ("receivable item", "应收项", ""),
    ("record", "事项", ""),
    ("record the fact again instead", "请改为重新记录该事实", ""),
    ("record the payment again instead", "请改为重新记录该回款", ""),
    ("record the right rate of the day and say why", "请登记当日正确的汇率并说明原因", ""),
    ("refund", "退款", ""),
    ("regress", "回退", ""),
    ("rejected", "被拒绝", ""),
    ("released", "已免除", ""),
    ("reopening a complaint", "重新打开投诉", ""),
    ("reopening an opportunity", "重新打开机会", ""),
    ("returns", "退货", "lines"),
    ("reverse its application instead", "请改为撤销其核销", ""),
    ("reverse the application instead", "请改为撤销该核销", ""),
    ("reverse the payment as another customer's instead", "请改为以属于其他客户冲销回款", ""),
    ("reverse the payment instead", "请改为冲销该回款", ""),
    ("reversing an application", "撤销核销", ""),
    ("right", "权利", ""),
    ("running", "计时中", ""),
    ("service levels", "服务等级", ""),
    ("shipment", "发货", ""),
    ("shipments", "发货", ""),
    ("shortages", "短少", "shortages"),
    ("skip", "跳过", ""),
    ("superseded", "已被取代", ""),
    ("survey invitation", "问卷邀请", ""),
    ("task", "待办", ""),
    ("the amount", "金额", "amount"),
    ("the amount applied", "核销金额", "lines"),
    ("the amount at this rate", "按此汇率的金额", ""),
    ("the amount covered", "覆盖金额", "covers"),
    ("the amount identified", "认领金额", "amount"),
    ("the amount promised", "承诺金额", "items"),
    ("the amount won", "赢单金额", "amount"),
    ("the answer", "答复", "at"),
    ("the answers", "答案", "answers"),
    ("the application's id", "核销编号", "application"),
    ("the balance", "余额", "balance"),
    ("the book's currency", "本位币", ""),
    ("the change of the clock", "计时变化", "at"),
    ("the change of the tax", "税额变化", "tax_change"),
    ("the change of the total", "总额变化", "total_change"),
    ("the closing", "关闭", "at"),
    ("the compensation", "补偿", "compensation"),
    ("the contract", "合同", "contract"),
    ("the contract of the instalment", "该期所属的合同", "contract"),
    ("the cost", "费用", "cost"),
    ("the credit note", "贷项通知", "amount"),
    ("the credit note's day", "贷项通知日", "issued_on"),
    ("the credit's id", "款项编号", "credit"),
    ("the currency", "货币", "currency"),
    ("the currency it is valued in", "计价货币", "quote"),
    ("the customer has other events that count", "该客户还有其他有效的事件", ""),
    ("the customer's details", "客户资料", "set"),
    ("the day", "日期", ""),
    ("the day it is due", "到期日", "due_on"),
    ("the day of arrival", "到货日", "signed_on"),
    ("the day of closing", "关闭日", "closed_on"),
    ("the day of signing", "签订日", "signed_on"),
    ("the day of the amendment", "变更日", "amended_on"),
    ("the day of the balance", "对账日", "confirmed_on"),
    ("the day of the first contact", "首次接触日", "first_contact_on"),
    ("the day of the rate", "汇率日期", "rate_on"),
    ("the day of the write-off", "坏账核销日", "written_off_on"),
    ("the day the application counts from", "核销起计日", "effective_on"),
    ("the day the contract ended", "合同结束日", "closed_on"),
    ("the day the receipt counts from", "回款起算日", "value_on"),
    ("the day the refund counts from", "退款起计日", "value_on"),
    ("the day the reversal counts from", "撤销起计日", "effective_on"),
    ("the days of the levels do not ascend", "各级的天数不是递增的", ""),
    ("the discount", "折扣", "lines"),
    ("the discount for paying early", "提前付款折扣", "payment"),
    ("the discount on prices", "价格折扣", "price_discount_basis_points"),
    ("the document's day", "单据日", "document_on"),
    ("the edges do not ascend from above zero", "各分界不是从零以上递增的", ""),
    ("the effective time", "生效时间", "effective_at"),
    ("the end", "结束时间", "ended_at"),
    ("the expected amount", "预计金额", "amount"),
    ("the fee", "费用", "fees"),
    ("the fee's item id", "费用的应收项编号", "notice"),
    ("the files of the import", "导入的文件", "files"),
    ("the first response", "首次回应", "at"),
    ("the forecast", "预测", "new"),
    ("the holder's id", "负责人的编号", "to"),
    ("the instalment", "分期", "instalments"),
    ("the instalment's number", "期号", "instalment"),
    ("the invoice's day", "开票日", "issued_on"),
    ("the invoice's number", "发票号", "invoice"),
    ("the invoice's number or series", "发票号或号段", "invoice"),
    ("the item", "应收项", "item"),
    ("the item's amount", "应收金额", "amount"),
    ("the item's id", "应收项编号", "item"),
    ("the kind of change", "变化的种类", "change"),
    ("the last day", "最后一天", "until"),
    ("the last day of the limit", "额度的最后一天", "valid_until"),
    ("the last day of the terms", "条款的最后一天", "valid_until"),
    ("the last locked day", "锁定的最后一天", "through"),
    ("the limit", "额度", "limit"),
    ("the line's amount", "行金额", "lines"),
    ("the lines", "各行", "lines"),
    ("the lines of the application", "核销各行", "lines"),
    ("the lines of the quote", "报价各行", "lines"),
    ("the mail's id", "邮件编号", "mail"),
    ("the new total", "新的总额", "total_change"),
    ("the notice's day", "催款日", "sent_on"),
    ("the payment", "付款", "amount"),
    ("the planned day of the instalment", "该期的计划日", "instalments"),
    ("the probability", "概率", "probability_percent"),
    ("the progress", "进展", "effective_at"),
    ("the promise that took its place", "取而代之的承诺", "superseded_by"),
    ("the realised gain", "已实现汇兑损益", "exchange"),
    ("the receipt's id", "回款编号", "receipt"),
    ("the record", "该项", ""),
    ("the red-letter invoice's day", "红字发票日", "voided_on"),
    ("the red-letter invoice's number or series", "红字发票号或号段", "red_letter"),
    ("the refund", "退款", "amount"),
    ("the reopening", "重新打开", "at"),
    ("the return", "退货", "effective_at"),
    ("the rights", "权利", "rights"),
    ("the scale does not ascend", "评分范围不是递增的", ""),
    ("the share", "共享", ""),
    ("the start", "开始时间", "started_at"),
    ("the sum of the instalments", "各期合计", "instalments"),
    ("the sum of the lines", "各行合计", "lines"),
    ("the task's id", "待办编号", ""),
    ("the task's origin", "待办来由", ""),
    ("the task's purpose", "待办用途", ""),
    ("the task's subject", "待办内容", ""),
    ("the time it is promised for", "承诺期限", "due_at"),
    ("the time it was settled", "了结时间", "at"),
    ("the time limit", "时限", "received_at"),
    ("the time of receipt", "收到时间", "received_at"),
    ("the tolerance", "免批限额", "tolerance"),
    ("the total", "总额", "total"),
    ("the unit", "部门", ""),
    ("the unit cost", "单位成本", "lines"),
    ("the unit price", "单价", "lines"),
    ("the user", "用户", ""),
    ("the weekdays are not numbers from 1 Monday to 7 Sunday", "星期不是 1（周一）到 7（周日）的数字", ""),
    ("the working day does not end after it starts", "工作日的结束不晚于开始", ""),
    ("the write-off", "坏账核销", "amount"),
    ("two indicators have one name", "有两个指标同名", ""),
    ("two stages have one name", "有两个阶段同名", ""),
    ("undo the merge instead", "请改为撤销合并", ""),
    ("undoing a merge", "撤销合并", ""),
    ("unidentified receipt", "待认领回款", ""),
    ("voiding an interaction", "作废往来", ""),
    ("voiding an invoice", "作废发票", ""),
    ("what the customer says", "客户所称", "said"),
    ("withdrawn", "撤回", ""),
    ("write-off", "坏账核销", ""),
    ("write_off", "坏账核销", ""),
];

fn known(english: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    let found = WORDS.binary_search_by_key(&english, |(known, ..)| known).ok()?;
    WORDS.get(found)
}

/// Returns the field of a request that words stand for.
pub(super) fn field(english: &str) -> Option<&'static str> {
    known(english).map(|(_, _, field)| *field).filter(|field| !field.is_empty())
}

/// How a fact of a refusal is written in Chinese.
pub(super) trait InChinese {
    /// Writes it.
    fn in_chinese(&self) -> String;
}

/// A word without Chinese, a media type say, stands as it is.
impl InChinese for &'static str {
    fn in_chinese(&self) -> String {
        known(self).map_or(*self, |(_, chinese, _)| chinese).to_owned()
    }
}

impl InChinese for Kind {
    fn in_chinese(&self) -> String {
        self.label_zh().to_owned()
    }
}

impl InChinese for CustomerField {
    fn in_chinese(&self) -> String {
        self.label_zh().to_owned()
    }
}

impl InChinese for AssignedRecord {
    fn in_chinese(&self) -> String {
        AssignedRecord::in_chinese(self)
    }
}

impl InChinese for HeldBy {
    fn in_chinese(&self) -> String {
        HeldBy::in_chinese(self)
    }
}

impl InChinese for UserStatus {
    fn in_chinese(&self) -> String {
        self.label_zh().to_owned()
    }
}

impl InChinese for Right {
    fn in_chinese(&self) -> String {
        self.label_zh().to_owned()
    }
}

impl InChinese for Box<Rejection> {
    fn in_chinese(&self) -> String {
        self.message_zh()
    }
}

impl InChinese for bool {
    fn in_chinese(&self) -> String {
        if *self { "是" } else { "否" }.to_owned()
    }
}

impl InChinese for Dependents {
    fn in_chinese(&self) -> String {
        let named = self.first.iter();
        let named: Vec<String> =
            named.map(|(kind, at)| format!("位置 {at} 处的“{}”", kind.label_zh())).collect();
        let more = match self.count.saturating_sub(self.first.len()) {
            0 => String::new(),
            more => format!("及另外 {more} 个"),
        };
        named.join("、") + &more
    }
}

/// How every other fact is written: as in English. Where both traits fit, the method of
/// [`InChinese`] is found first, for it needs one reference less.
pub(super) trait AsItIs {
    /// Writes it.
    fn in_chinese(&self) -> String;
}

impl<T: Display> AsItIs for &T {
    fn in_chinese(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::command::DESCRIBED;
    use super::*;

    #[test]
    fn every_word_is_there_once_and_its_field_is_one_of_a_command() {
        let mut fields: BTreeSet<String> = BTreeSet::new();
        for (_, _, describe) in DESCRIBED {
            let schema = describe(&mut schemars::SchemaGenerator::default());
            let properties = schema.get("properties").and_then(|found| found.as_object());
            fields.extend(properties.into_iter().flat_map(|found| found.keys().cloned()));
        }
        fields.insert("effective_at".to_owned());
        assert!(WORDS.is_sorted_by(|left, right| left.0 < right.0));
        for (english, chinese, field) in WORDS {
            assert!(!chinese.is_ascii(), "{english}");
            assert!(field.is_empty() || fields.contains(*field), "{english}: {field}");
        }
    }

    /// Whatever a rule says about something is said in Chinese as well.
    #[test]
    fn every_word_of_the_rules_has_its_chinese() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/decide");
        let mut missing = BTreeSet::new();
        for file in std::fs::read_dir(dir).expect("the rules") {
            let path = file.expect("a file").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let no_rules =
                ["command.rs", "describe.rs", "rejection.rs", "saved.rs", "testing.rs", "words.rs"];
            if no_rules.contains(&name) || !name.ends_with(".rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let code: String = code.collect::<Vec<_>>().join("\n");
            let words = code.split('"').skip(1).step_by(2).filter(|word| {
                let said = ["the ", "a ", "an ", "it "].iter().any(|said| word.starts_with(said));
                said && !word.contains('{')
            });
            missing.extend(words.filter(|word| known(word).is_none()).map(str::to_owned));
        }
        assert!(missing.is_empty(), "no Chinese in core/src/decide/words.rs for {missing:?}");
    }
}
