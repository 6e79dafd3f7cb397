//! What columns are called, in English and Chinese, and what they then mean.

/// What a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Concept {
    CustomerCode,
    CustomerName,
    PersonName,
    Role,
    Phone,
    Email,
    Address,
    PostalCode,
    City,
    Province,
    Country,
    Industry,
    StaffSize,
    Website,
    TaxNumber,
    BankAccount,
    RowId,
    InvoiceNumber,
    InvoiceDate,
    DueDate,
    PaymentNumber,
    PaymentDate,
    PaymentMethod,
    PaymentAmount,
    ContractNumber,
    ContractDate,
    ContractAmount,
    Amount,
    Currency,
    OpportunityName,
    Stage,
    ExpectedClose,
    Product,
    When,
    Channel,
    Direction,
    Summary,
    Owner,
}

use Concept as C;

/// The words of each concept. A heading that is one of them counts before one that only holds one;
/// among these the longer word counts.
pub const WORDS: &[(Concept, &[&str])] = &[
    (
        C::CustomerCode,
        &[
            "customer code",
            "customer id",
            "customer no",
            "customer number",
            "account id",
            "client id",
            "客户编号",
            "客户编码",
            "客户代码",
            "客户号",
            "客户id",
        ],
    ),
    (
        C::CustomerName,
        &[
            "customer",
            "customer name",
            "company",
            "company name",
            "account",
            "account name",
            "client",
            "client name",
            "organisation",
            "organization",
            "客户",
            "客户名称",
            "客户名",
            "公司",
            "公司名称",
            "单位",
            "单位名称",
            "企业名称",
            "购货单位",
            "付款单位",
        ],
    ),
    (
        C::PersonName,
        &[
            "contact",
            "contact name",
            "contact person",
            "name",
            "full name",
            "person",
            "联系人",
            "联系人姓名",
            "姓名",
            "经办人",
        ],
    ),
    (
        C::Role,
        &["role", "title", "position", "job title", "function", "职务", "职位", "岗位", "部门"],
    ),
    (
        C::Phone,
        &[
            "phone",
            "telephone",
            "tel",
            "mobile",
            "phone number",
            "电话",
            "手机",
            "手机号",
            "联系电话",
            "电话号码",
            "手机号码",
            "联系方式",
        ],
    ),
    (
        C::Email,
        &["email", "e-mail", "mail", "email address", "邮箱", "电子邮箱", "电子邮件", "邮件"],
    ),
    (C::Address, &["address", "street", "地址", "通讯地址", "联系地址", "详细地址"]),
    (C::PostalCode, &["postal code", "postcode", "zip", "zip code", "邮编", "邮政编码"]),
    (C::City, &["city", "town", "城市", "市", "所在城市"]),
    (C::Province, &["province", "state", "region", "省", "省份", "地区", "区域"]),
    (C::Country, &["country", "国家", "国家地区"]),
    (C::Industry, &["industry", "sector", "行业", "所属行业"]),
    (C::StaffSize, &["employees", "staff", "headcount", "员工数", "人数", "规模", "员工人数"]),
    (C::Website, &["website", "web site", "homepage", "url", "网站", "网址"]),
    (
        C::TaxNumber,
        &[
            "tax number",
            "vat number",
            "vat id",
            "tax id",
            "税号",
            "纳税人识别号",
            "统一社会信用代码",
        ],
    ),
    (C::BankAccount, &["bank account", "iban", "银行账号", "银行帐号", "账号"]),
    (
        C::RowId,
        &["id", "no", "number", "row id", "record id", "序号", "编号", "流水号", "记录编号"],
    ),
    (
        C::InvoiceNumber,
        &[
            "invoice",
            "invoice no",
            "invoice number",
            "invoice id",
            "bill number",
            "发票号",
            "发票号码",
            "发票编号",
            "单据号",
            "单据编号",
            "应收单号",
        ],
    ),
    (
        C::InvoiceDate,
        &[
            "invoice date",
            "billing date",
            "document date",
            "issued",
            "开票日期",
            "单据日期",
            "发票日期",
        ],
    ),
    (C::DueDate, &["due", "due date", "到期日", "到期日期", "应收日期", "付款期限"]),
    (
        C::PaymentNumber,
        &[
            "payment no",
            "payment number",
            "payment id",
            "receipt",
            "receipt no",
            "receipt number",
            "transaction id",
            "收款单号",
            "回款单号",
            "收款编号",
            "回款编号",
            "交易号",
        ],
    ),
    (
        C::PaymentDate,
        &[
            "payment date",
            "paid on",
            "paid",
            "settled",
            "settled date",
            "value date",
            "receipt date",
            "收款日期",
            "回款日期",
            "付款日期",
            "到账日期",
            "收款时间",
            "回款时间",
        ],
    ),
    (
        C::PaymentMethod,
        &[
            "payment method",
            "payment type",
            "method",
            "付款方式",
            "收款方式",
            "支付方式",
            "回款方式",
        ],
    ),
    (
        C::PaymentAmount,
        &[
            "payment amount",
            "amount paid",
            "paid amount",
            "付款金额",
            "收款金额",
            "回款金额",
            "实收金额",
            "到账金额",
            "已付金额",
        ],
    ),
    (
        C::ContractNumber,
        &[
            "contract",
            "contract no",
            "contract number",
            "contract id",
            "合同号",
            "合同编号",
            "合同编码",
        ],
    ),
    (
        C::ContractDate,
        &[
            "contract date",
            "signed",
            "signed on",
            "signing date",
            "签约日期",
            "签订日期",
            "合同日期",
            "签署日期",
            "签约时间",
        ],
    ),
    (
        C::ContractAmount,
        &["contract amount", "contract value", "合同金额", "合同总额", "合同额", "签约金额"],
    ),
    (
        C::Amount,
        &[
            "amount",
            "total",
            "value",
            "sum",
            "invoice amount",
            "price",
            "金额",
            "总额",
            "合计",
            "价税合计",
            "开票金额",
            "发票金额",
            "应收金额",
            "预计金额",
        ],
    ),
    (C::Currency, &["currency", "ccy", "币种", "货币", "币别"]),
    (
        C::OpportunityName,
        &[
            "opportunity",
            "opportunity name",
            "deal",
            "deal name",
            "商机",
            "商机名称",
            "项目",
            "项目名称",
            "机会",
        ],
    ),
    (C::Stage, &["stage", "deal stage", "status", "phase", "阶段", "销售阶段", "状态", "商机阶段"]),
    (
        C::ExpectedClose,
        &[
            "expected close",
            "close date",
            "expected close date",
            "closing date",
            "预计成交日期",
            "预计签约日期",
            "预计结束日期",
        ],
    ),
    (C::Product, &["product", "product name", "item", "sku", "产品", "产品名称", "商品"]),
    (
        C::When,
        &[
            "date",
            "time",
            "when",
            "datetime",
            "created",
            "created at",
            "start",
            "start time",
            "日期",
            "时间",
            "来电时间",
            "拜访时间",
            "拜访日期",
            "跟进时间",
            "跟进日期",
            "联系时间",
            "联系日期",
            "登记时间",
            "创建时间",
        ],
    ),
    (
        C::Channel,
        &[
            "channel",
            "type",
            "contact type",
            "渠道",
            "方式",
            "跟进方式",
            "联系类型",
            "类型",
            "拜访方式",
        ],
    ),
    (C::Direction, &["direction", "in/out", "方向", "呼叫方向", "呼入呼出", "来去电"]),
    (
        C::Summary,
        &[
            "summary",
            "notes",
            "note",
            "description",
            "content",
            "what",
            "remarks",
            "comment",
            "内容",
            "摘要",
            "备注",
            "说明",
            "跟进内容",
            "沟通内容",
            "跟进记录",
            "拜访内容",
            "通话内容",
            "来电内容",
            "事由",
        ],
    ),
    (
        C::Owner,
        &[
            "owner",
            "sales agent",
            "salesperson",
            "account manager",
            "负责人",
            "业务员",
            "销售员",
            "销售",
            "跟进人",
        ],
    ),
];

/// Finds what a heading means.
pub fn meaning(heading: &str) -> Option<Concept> {
    let heading = plain(heading);
    if heading.is_empty() {
        return None;
    }
    let all = || {
        WORDS.iter().flat_map(|(concept, words)| words.iter().map(|word| (*concept, plain(word))))
    };
    if let Some((concept, _)) = all().find(|(_, word)| *word == heading) {
        return Some(concept);
    }
    // A short word within a longer one says little, but two Chinese characters say much.
    let telling = |word: &str| word.chars().count() >= if word.is_ascii() { 4 } else { 2 };
    let within = all().filter(|(_, word)| telling(word) && heading.contains(word.as_str()));
    within.max_by_key(|(_, word)| word.chars().count()).map(|(concept, _)| concept)
}

/// Returns the currency that a heading names, as in 金额(元) or Amount USD.
pub fn currency(heading: &str) -> Option<&'static str> {
    let marks = [
        ("元", "CNY"),
        ("CNY", "CNY"),
        ("RMB", "CNY"),
        ("USD", "USD"),
        ("US$", "USD"),
        ("EUR", "EUR"),
        ("€", "EUR"),
        ("GBP", "GBP"),
        ("£", "GBP"),
        ("BRL", "BRL"),
        ("R$", "BRL"),
        ("HKD", "HKD"),
        ("JPY", "JPY"),
    ];
    let heading = heading.to_uppercase();
    if heading.contains("美元") {
        return Some("USD");
    }
    marks.iter().find(|(mark, _)| heading.contains(mark)).map(|(_, code)| *code)
}

/// Leaves letters and digits in small letters, without what stands in brackets.
fn plain(text: &str) -> String {
    let before = text.split(['(', '（', '[', '【']).next().unwrap_or_default();
    let mut words = String::new();
    let mut previous_small = false;
    for sign in before.chars() {
        // invoiceNumber and invoice_number are invoice number.
        if sign.is_uppercase() && previous_small {
            words.push(' ');
        }
        previous_small = sign.is_lowercase();
        if sign.is_alphanumeric() {
            words.extend(sign.to_lowercase());
        } else {
            words.push(' ');
        }
    }
    words.split_whitespace().collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_mean_what_they_say() {
        for (heading, expected) in [
            ("客户名称", Some(C::CustomerName)),
            ("客户编号", Some(C::CustomerCode)),
            ("联系人", Some(C::PersonName)),
            ("手机号码", Some(C::Phone)),
            ("开票金额(元)", Some(C::Amount)),
            ("invoiceNumber", Some(C::InvoiceNumber)),
            ("Invoice Date", Some(C::InvoiceDate)),
            ("customerID", Some(C::CustomerCode)),
            ("SettledDate", Some(C::PaymentDate)),
            ("E-Mail", Some(C::Email)),
            ("本次跟进内容", Some(C::Summary)),
            ("deal_stage", Some(C::Stage)),
            ("xyz", None),
            ("", None),
        ] {
            assert_eq!(meaning(heading), expected, "{heading}");
        }
        assert_eq!(currency("金额（元）"), Some("CNY"));
        assert_eq!(currency("金额（美元）"), Some("USD"));
        assert_eq!(currency("Amount"), None);
    }
}
