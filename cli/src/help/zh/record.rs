//! The facts of `daybook record`.

use super::CommandZh;

/// What is said about anything said or written.
const TALK: &[(&str, &str)] = &[
    ("text", "说了什么"),
    ("inward", "对方来找我们；省略时为我们找对方"),
    ("with", "参与的联系人；可重复，省略时视为不知是谁"),
    ("place", "在哪里"),
    ("next", "下一步做什么"),
    ("verdict", "结果如何"),
    ("opportunity", "涉及的机会"),
];

pub(super) const TABLE: &[CommandZh] = &[
    CommandZh { path: "record", about: "记下一项关于客户的事实", arguments: &[] },
    CommandZh {
        path: "record customer",
        about: "为客户建档",
        arguments: &[
            ("code", "客户代码，终身不变"),
            ("name", "名称"),
            ("kind", "与我们的关系"),
            ("source", "如何来到我们这里"),
            ("city", "城市"),
            ("country", "国家"),
            ("phone", "电话号码"),
            ("email", "电子邮箱"),
            ("industry", "行业"),
            ("owner", "由谁负责"),
            ("currency", "常用币种"),
            ("set", "其他资料，例如 --set tax_number=9131；可重复"),
        ],
    },
    CommandZh {
        path: "record details",
        about: "变更客户资料",
        arguments: &[("set", "一项资料，例如 --set city=上海；值为空则去掉；可重复")],
    },
    CommandZh {
        path: "record contact",
        about: "添加客户的联系人",
        arguments: &[
            ("name", "联系人姓名"),
            ("role", "职务，例如 采购"),
            ("phone", "电话号码；可重复"),
            ("email", "电子邮箱；可重复"),
            ("main", "主要联系人"),
            ("consent", "同意接收营销信息"),
        ],
    },
    CommandZh { path: "record call", about: "记录一次电话", arguments: TALK },
    CommandZh { path: "record visit", about: "记录一次拜访或来访", arguments: TALK },
    CommandZh { path: "record email", about: "记录一封邮件", arguments: TALK },
    CommandZh { path: "record message", about: "记录一条即时消息", arguments: TALK },
    CommandZh {
        path: "record note", about: "留一条内部备注", arguments: &[("text", "备注内容")]
    },
    CommandZh {
        path: "record opportunity",
        about: "建立机会",
        arguments: &[
            ("title", "关于什么"),
            ("amount", "预期金额，例如 1200 或 \"1200 USD\""),
            ("stage", "所处阶段"),
            ("pipeline", "所用销售管道"),
            ("close_on", "预计成交日"),
            ("probability", "可能性（百分比）；省略时用阶段的"),
            ("product", "涉及的产品"),
        ],
    },
    CommandZh {
        path: "record stage",
        about: "把机会移到另一阶段",
        arguments: &[("stage", "从现在起所处的阶段")],
    },
    CommandZh {
        path: "record win",
        about: "把机会记为赢单",
        arguments: &[("amount", "赢得的金额"), ("contract", "形成的合同")],
    },
    CommandZh {
        path: "record lose",
        about: "把机会记为丢单",
        arguments: &[
            ("because", "原因，须在销售管道所列之中，例如 price、competitor、other"),
            ("to", "输给谁"),
        ],
    },
    CommandZh {
        path: "record receivable",
        about: "开立一笔客户应收",
        arguments: &[
            ("amount", "金额，例如 1200 或 \"1200 USD\""),
            ("due", "到期日"),
            ("on", "单据日期；省略时为事实当日"),
            ("source", "因何产生"),
        ],
    },
    CommandZh {
        path: "record invoice",
        about: "记录已开出的发票",
        arguments: &[
            ("number", "发票号，全账唯一"),
            ("amount", "价税合计"),
            ("tax", "其中的税额"),
            ("covers", "全额对应的应收项"),
            ("on", "开票日期；省略时为事实当日"),
        ],
    },
    CommandZh {
        path: "record payment",
        about: "记录一笔回款",
        arguments: &[
            ("amount", "金额，例如 1200 或 \"1200 USD\""),
            ("on", "起算日期；省略时为事实当日"),
            ("method", "方式，例如 transfer"),
            ("bank_line", "银行流水，形如 银行/账单/行号，只取一次"),
        ],
    },
    CommandZh {
        path: "record apply",
        about: "以回款核销应收，先到期者先核，或按指明的",
        arguments: &[("receipt", "回款编号"), ("to", "应收项及金额，例如 AR-1=500；可重复")],
    },
    CommandZh {
        path: "record dispute",
        about: "登记或解除应收项的争议",
        arguments: &[("item", "应收项"), ("over", "争议已解除"), ("about", "因何争议，一个短词")],
    },
    CommandZh {
        path: "record complaint",
        about: "受理投诉、咨询、服务请求或建议",
        arguments: &[
            ("text", "说了什么"),
            ("kind", "性质"),
            ("subject", "事由"),
            ("severity", "严重程度"),
            ("channel", "来自哪个渠道"),
            ("contact", "由哪位联系人提出"),
        ],
    },
    CommandZh {
        path: "record void",
        about: "作废一个事件，须用 --reason 说明；它仍在日志中，但不再计入任何统计",
        arguments: &[("event", "事件编号或位置")],
    },
    CommandZh {
        path: "record json",
        about: "以 JSON 形式记录任意命令",
        arguments: &[
            ("customer", "客户代码；命令关乎账簿本身时省略"),
            ("command", "命令及其字段；- 表示从标准输入读取"),
            ("book", "关乎账簿本身的命令，例如 publish_policy_version"),
        ],
    },
];
