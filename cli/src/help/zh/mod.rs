//! The Chinese of the help: one table an area, from command and argument to text.
//!
//! A new verb gets an entry in the table of its area (or a new file listed here); the tests of
//! [`super`] name what is missing and what is left over.

mod general;
mod mail;
mod people;
mod record;
mod transfer;
mod values;
mod views;

pub use values::{value, value_of};

/// The Chinese of one command.
pub struct CommandZh {
    /// The command's names after `daybook`, such as `record call`; empty for the program itself.
    pub path: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Its arguments by id, which is the field's name.
    pub arguments: &'static [(&'static str, &'static str)],
}

/// Every table.
pub const TABLES: &[&[CommandZh]] =
    &[general::TABLE, mail::TABLE, people::TABLE, record::TABLE, transfer::TABLE, views::TABLE];

/// Arguments that mean the same wherever they stand.
pub const SHARED: &[(&str, &str)] = &[
    ("help", "显示帮助"),
    ("version", "显示版本"),
    ("dir", "账簿所在目录；省略时为 `daybook-data`"),
    ("actor", "谁在操作：用简短的编号，不用姓名"),
    ("json", "输出 JSON，供程序读取"),
    ("lang", "帮助、标签与摘要的语言；省略时随环境"),
    ("color", "何时使用颜色"),
    ("as_of", "只看截至此时已发生的：日期（当日结束）或时刻"),
    ("known_at", "只看截至此时已知道的：日期（当日结束）或时刻"),
    ("effective", "事实何时成立：如 `昨天`、`周五下午三点`，日期（当日开始）或时刻；省略时为现在"),
    ("reason", "原因，不要写人名"),
    ("key", "用于识别重发：同一键、同一事实只记一次"),
    ("expected_version", "客户不在此版本时拒绝"),
    ("dry_run", "只说明会发生什么，不保留任何内容"),
    ("file", "添加此附件；可重复"),
    ("customer", "客户：代码、名称、拼音、电话，或其中一部分"),
    ("opportunity", "机会编号"),
    ("approved_by", "由谁批准"),
    ("item", "应收项"),
    ("contract", "相关合同"),
    ("on", "日期；省略时为事实当日"),
    ("id", "指定编号；省略时取下一个"),
];

/// Placeholders of values in usage lines.
pub const VALUE_NAMES: &[(&str, &str)] = &[
    ("ACTOR", "操作者"),
    ("ADDRESS", "地址"),
    ("AMOUNT", "金额"),
    ("BY", "起算日"),
    ("BYTES", "字节数"),
    ("CHANNEL", "渠道"),
    ("AMOUNT@DATE", "金额@日期"),
    ("APPLICATION", "核销"),
    ("BECAUSE", "缘由"),
    ("CITY", "城市"),
    ("CODE", "代码"),
    ("COMMITMENT", "承诺"),
    ("CONTACT", "联系人"),
    ("CONTRACT", "合同"),
    ("COHORT", "分组"),
    ("COUNT", "数量"),
    ("COUNTRY", "国家"),
    ("CREDIT", "贷方款项"),
    ("CURRENCY", "币种"),
    ("CUSTOMER", "客户"),
    ("DATE", "日期"),
    ("DAY", "日期"),
    ("DAYS", "天数"),
    ("DIGITS", "数字"),
    ("DIR", "目录"),
    ("DOMAIN", "域名"),
    ("DUE", "到期日"),
    ("EMAIL", "邮箱"),
    ("FROM", "交出者"),
    ("HOLDER", "负责人"),
    ("UNIT", "部门"),
    ("MERGED", "并入方"),
    ("SURVIVOR", "留存方"),
    ("POSITION=CUSTOMER", "位置=客户"),
    ("FIELD=CUSTOMER", "字段=客户"),
    ("USER", "用户"),
    ("ENTITY", "法人"),
    ("EVENT", "事件"),
    ("FIELD=VALUE", "字段=值"),
    ("FIGURE", "指标"),
    ("FILE", "文件"),
    ("FILES", "文件"),
    ("FORM", "形式"),
    ("FORMAT", "格式"),
    ("ID", "编号"),
    ("IMPORT", "导入"),
    ("CAPACITY", "容量"),
    ("FAMILY", "类别"),
    ("RIGHTS", "权利"),
    ("STATUS", "状态"),
    ("INDUSTRY", "行业"),
    ("INTERACTION", "往来"),
    ("INVOICE", "发票"),
    ("ITEM", "应收项"),
    ("ITEM=AMOUNT", "应收项=金额"),
    ("JSON", "JSON"),
    ("KEY", "键"),
    ("KIND", "种类"),
    ("LANG", "语言"),
    ("LEVEL", "级别"),
    ("LINE", "流水"),
    ("MAIL", "邮件"),
    ("MAPPING", "映射"),
    ("MEDIUM", "形式"),
    ("METHOD", "方式"),
    ("MONTH", "月份"),
    ("NAME", "名称"),
    ("NOTE", "备注"),
    ("NEXT", "下一步"),
    ("NUMBER", "号码"),
    ("NUMBER=AMOUNT[@DATE]", "期数=金额[@日期]"),
    ("OPPORTUNITY", "机会"),
    ("OWNER", "负责人"),
    ("OUTCOME", "结果"),
    ("PATH", "路径"),
    ("PERCENT", "百分比"),
    ("PERCENT/DAYS", "百分比/天数"),
    ("PHONE", "电话"),
    ("PIPELINE", "管道"),
    ("PLACE", "地点"),
    ("POSITION", "位置"),
    ("PRIORITY", "优先级"),
    ("PRODUCT", "产品"),
    ("PROMISE", "承诺"),
    ("PURPOSE", "目的"),
    ("RATE", "汇率"),
    ("REASON", "原因"),
    ("RECEIPT", "回款"),
    ("ROLE", "职务"),
    ("SECONDS", "秒数"),
    ("SEED", "种子"),
    ("SEVERITY", "程度"),
    ("SHELL", "外壳"),
    ("SOURCE", "来源"),
    ("STAGE", "阶段"),
    ("SUBJECT", "事由"),
    ("TASK", "待办"),
    ("TAX", "税额"),
    ("TEXT", "内容"),
    ("THROUGH", "最后一天"),
    ("TITLE", "标题"),
    ("TO", "对象"),
    ("TYPE", "类型"),
    ("URL", "网址"),
    ("VERDICT", "结果"),
    ("VIEW", "视图"),
    ("VERSION", "版本"),
    ("WHAT", "对象"),
    ("WHEN", "时间"),
    ("WHO", "客户"),
    ("WORD", "词"),
    ("ZONE", "时区"),
];

fn table(path: &str) -> Option<&'static CommandZh> {
    TABLES.iter().copied().flatten().find(|table| table.path == path)
}

fn found(list: &'static [(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    list.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Returns what a command does.
pub fn about(path: &str) -> Option<&'static str> {
    if path == "help" || path.ends_with(" help") {
        return Some("显示此帮助，或某个命令的帮助");
    }
    table(path).map(|table| table.about)
}

/// Returns what an argument of a command is.
pub fn argument(path: &str, id: &str) -> Option<&'static str> {
    table(path).and_then(|table| found(table.arguments, id)).or_else(|| found(SHARED, id))
}

/// Returns a placeholder of values.
pub fn value_name(name: &str) -> Option<&'static str> {
    found(VALUE_NAMES, name)
}
