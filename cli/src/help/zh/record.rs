//! The facts of `daybook record`.

use super::CommandZh;

/// What is said about anything said or written.
const TALK: &[(&str, &str)] = &[
    ("text", "说了什么"),
    ("inward", "对方来找我们；省略时为我们找对方"),
    ("with", "参与的联系人；可重复，省略时视为不知是谁"),
    ("place", "在哪里"),
    ("next", "下一步做什么"),
    ("due", "期限；给出后，下一步成为记录者的待办"),
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
            ("despite_duplicates", "即使可能已建档，也另立为新客户"),
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
        path: "record task",
        about: "安排待办",
        arguments: &[
            ("text", "要做什么"),
            ("due", "期限：如 `周五`、`明天下午三点`，日期（当日结束）或时刻"),
            ("assignee", "由谁去做；省略时为安排的人"),
            ("priority", "轻重缓急"),
            ("purpose", "用途，例如 拜访"),
            ("opportunity", "涉及的机会"),
        ],
    },
    CommandZh {
        path: "record reschedule-task",
        about: "把待办改期",
        arguments: &[("task", "待办编号"), ("to", "新的期限：如 `周五`，日期（当日结束）或时刻")],
    },
    CommandZh {
        path: "record close-task",
        about: "结束待办",
        arguments: &[("task", "待办编号"), ("text", "结果如何"), ("outcome", "怎样结束的")],
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
            ("due", "到期日；省略时按与客户约定的条款"),
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
            ("customer", "客户代码；尚不知属于谁时写 -"),
            ("amount", "金额，例如 1200 或 \"1200 USD\""),
            ("on", "起算日期；省略时为事实当日"),
            ("method", "方式，例如 transfer"),
            ("bank_line", "银行流水，形如 银行/账单/行号，只取一次"),
        ],
    },
    CommandZh {
        path: "record apply",
        about: "以回款或其他贷方款项核销应收，先到期者先核，或按指明的",
        arguments: &[
            ("credit", "回款或贷项编号；折扣则无"),
            ("to", "应收项及金额，例如 AR-1=500；可重复"),
            ("kind", "是什么款项"),
            ("pro_rata", "按未收比例分摊，而非先到期先核"),
            ("on", "起算日期；省略时为两张单据中较晚的一天"),
            ("approved_by", "超出容差的折扣由谁批准"),
            ("debtor", "代为付款的客户，欠款属于他人时用"),
        ],
    },
    CommandZh {
        path: "record identify",
        about: "认领一笔不明回款或其一部分",
        arguments: &[
            ("receipt", "待认领的回款，例如 SUS-1"),
            ("customer", "属于哪个客户"),
            ("amount", "其中多少；省略时为余下全部"),
            ("on", "在客户账上的起算日期；省略时为到账之日"),
        ],
    },
    CommandZh {
        path: "record confirm",
        about: "登记客户对某日日终余额的确认（对账）",
        arguments: &[
            ("day", "哪一日"),
            ("says", "客户所称的余额，不同时填写"),
            ("currency", "币种，客户有多种币种欠款时用"),
            ("entity", "我方主体；省略时为账簿的第一个"),
            ("contact", "由哪位联系人确认"),
            ("by", "方式，例如 letter"),
        ],
    },
    CommandZh {
        path: "record unapply",
        about: "撤销一次核销；坏账后来收回时也用它",
        arguments: &[("application", "核销编号"), ("on", "撤销的起算日期；省略时为核销当日")],
    },
    CommandZh {
        path: "record reverse-payment",
        about: "冲销一笔回款及其核销",
        arguments: &[
            ("customer", "客户代码；待认领的回款写 -"),
            ("receipt", "回款编号"),
            ("because", "缘由"),
            ("on", "冲销的起算日期；省略时为事实当日"),
        ],
    },
    CommandZh {
        path: "record credit-note",
        about: "开立贷项（折让）",
        arguments: &[
            ("amount", "金额，例如 1200 或 \"1200 USD\""),
            ("against", "用以冲减的应收项，以未收为限"),
            ("cause", "缘由，一个短词，例如 price 或 return"),
            ("id", "贷项编号；省略时取下一个"),
        ],
    },
    CommandZh {
        path: "record write-off",
        about: "核销坏账：放弃一笔应收或其一部分",
        arguments: &[
            ("amount", "金额，例如 1200 或 \"1200 USD\""),
            ("on", "起算日期；省略时为事实当日"),
            ("approved_by", "由谁批准；超出容差时必填"),
        ],
    },
    CommandZh {
        path: "record refund",
        about: "退还回款或贷项中尚未核销的部分",
        arguments: &[
            ("credit", "回款或贷项编号"),
            ("amount", "金额，例如 1200 或 \"1200 USD\""),
            ("kind", "出自哪种款项"),
            ("on", "起算日期；省略时为事实当日"),
            ("method", "方式，例如 transfer"),
            ("bank_line", "银行流水，形如 银行/账单/行号，只取一次"),
        ],
    },
    CommandZh {
        path: "record reschedule",
        about: "约定应收项的新到期日",
        arguments: &[("due", "新的到期日")],
    },
    CommandZh {
        path: "record red-letter",
        about: "以红字发票全额冲销一张发票",
        arguments: &[("invoice", "发票号"), ("number", "红字发票号，全账唯一")],
    },
    CommandZh {
        path: "record remind",
        about: "向客户催收逾期款项",
        arguments: &[
            ("item", "应收项，可重复；省略时为全部可催收的"),
            ("level", "级别；省略时为可达的最高级"),
            ("by", "方式，例如 letter 或 email"),
            ("fee", "催款费及其到期日，单独成为一笔应收"),
            ("currency", "应收项的币种，客户有多种币种欠款时用"),
        ],
    },
    CommandZh {
        path: "record sign",
        about: "签署合同；各期到日即为应收",
        arguments: &[
            ("contract", "合同号，全账唯一"),
            ("amount", "价税合计"),
            ("tax", "其中的税额"),
            ("instalment", "一期，例如 1=500@2026-12-31；各期之和为合同总额"),
        ],
    },
    CommandZh {
        path: "record amend",
        about: "变更合同：总额与分期",
        arguments: &[
            ("contract", "合同号"),
            ("by", "总额增加多少，含税；减少则为负"),
            ("instalment", "变更后的一期，例如 2=1500 或 3=500@2026-12-31"),
        ],
    },
    CommandZh {
        path: "record end-contract",
        about: "结束一份不再欠款的合同",
        arguments: &[
            ("contract", "合同号"),
            ("early", "未履行完毕即终止"),
            ("settlement", "约定内容，简述"),
        ],
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
        path: "record terms",
        about: "与客户约定条款",
        arguments: &[
            ("net", "自单据日起多少天到期"),
            ("discount", "提前付款的折扣，写成 百分比/天数，例如 2/10"),
            ("tax_rule", "税则，一个短词"),
            ("currency", "单据币种"),
            ("price_tier", "价格档次"),
            ("lead_time", "供货提前期（天）"),
            ("from", "生效的第一天；省略时为事实当日"),
            ("until", "生效的最后一天；省略时直到下一次约定"),
        ],
    },
    CommandZh {
        path: "record limit",
        about: "设定客户的信用额度",
        arguments: &[
            ("amount", "额度，例如 500000 或 \"50000 USD\""),
            ("until", "有效的最后一天；省略时直到下一次设定"),
            ("hold", "暂停赊销"),
            ("basis", "依据"),
            ("approved_by", "由谁批准；超过规则的门槛时必填"),
        ],
    },
    CommandZh {
        path: "record investment",
        about: "记录为争取或维系客户的投入",
        arguments: &[
            ("kind", "投入种类"),
            ("amount", "价值，例如 120 或 \"20 USD\""),
            ("purpose", "目的"),
            ("interaction", "所属往来"),
            ("approved_by", "由谁批准；超过规则限额的让利必填"),
        ],
    },
    CommandZh {
        path: "record promise",
        about: "记录承诺：我方的，或客户的（例如付款）",
        arguments: &[
            ("text", "承诺内容"),
            ("due", "期限：日期（当日结束）或时刻"),
            ("by", "由谁承诺"),
            ("medium", "以何种形式"),
            ("pays", "将付的应收项及金额，例如 AR-1=500；可重复"),
            ("contact", "对哪位或由哪位联系人"),
            ("responsible", "我方由谁负责；省略时为记录人"),
        ],
    },
    CommandZh {
        path: "record settle-promise",
        about: "了结承诺：是否兑现",
        arguments: &[
            ("commitment", "承诺编号"),
            ("outcome", "结果"),
            ("evidence", "可资证明的往来"),
            ("superseded_by", "取而代之的承诺"),
            ("feedback", "对方怎么说"),
        ],
    },
    CommandZh {
        path: "record rate",
        about: "记录汇率：自该日起，直至下一个",
        arguments: &[
            ("currency", "被估值的币种，例如 USD"),
            ("rate", "一个单位值多少，例如 7.2105"),
            ("quote", "以何种货币计；省略时为本位币"),
            ("on", "起算日期；省略时为事实当日"),
            ("publisher", "由谁公布"),
        ],
    },
    CommandZh {
        path: "record lock-period",
        about: "锁定账目至某日：锁定期间内不得再有款项变动",
        arguments: &[
            ("through", "锁定的最后一天"),
            ("entity", "我方主体；省略时为全部"),
            ("approved_by", "由谁批准重新开放已锁定的期间"),
        ],
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
