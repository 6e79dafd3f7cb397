//! Receivables, the funnel and the views.

use super::CommandZh;

const AFTER: (&str, &str) = ("after", "只列此客户之后的客户");
const CSV: (&str, &str) = ("csv", "输出逗号分隔值，供电子表格使用");
const CURRENCY: (&str, &str) = ("currency", "只看此币种");
const CUSTOMER: (&str, &str) = ("customer", "只看此客户");
const ENTITY: (&str, &str) = ("entity", "只看我方此法人");
const LIMIT: (&str, &str) = ("limit", "最多列出多少行");
const OWNER: (&str, &str) = ("owner", "只看此人负责的机会");
const PERIOD_TO: (&str, &str) = ("to", "期间的最后一天；省略时为截至之日");
const PIPELINE: (&str, &str) = ("pipeline", "销售流程；省略时为 `sales`");
const PRODUCT: (&str, &str) = ("product", "只看关于此产品的机会");
const SOURCE: (&str, &str) = ("source", "只看此来源的机会");
const VIEW: (&str, &str) = ("view", "视图名称，见 `daybook views list`");

pub(super) const TABLE: &[CommandZh] = &[
    CommandZh {
        path: "receivables",
        about: "查看应收：未收明细、账龄、对账单、催款、指标",
        arguments: &[],
    },
    CommandZh {
        path: "receivables list",
        about: "列出未收明细",
        arguments: &[CUSTOMER, ENTITY, CURRENCY, AFTER, LIMIT, CSV, ("overdue", "只看逾期的")],
    },
    CommandZh {
        path: "receivables ageing",
        about: "按到期时间或单据时间查看账龄",
        arguments: &[CUSTOMER, ENTITY, CURRENCY, AFTER, LIMIT, CSV, ("by", "账龄从哪一天起算")],
    },
    CommandZh {
        path: "receivables control",
        about: "查看应收、已收、未收三张控制表，以及余额与敞口",
        arguments: &[CUSTOMER, ENTITY, CURRENCY, AFTER, LIMIT, CSV],
    },
    CommandZh {
        path: "receivables statement",
        about: "查看客户对账单：期初、每一笔、期末",
        arguments: &[("from", "从哪一天起列出；省略时全部列出"), ENTITY, CURRENCY, CSV],
    },
    CommandZh {
        path: "receivables dunning",
        about: "列出可以催款的款项，以及逾期但不催的原因",
        arguments: &[CUSTOMER, ENTITY, CURRENCY, AFTER, LIMIT, CSV],
    },
    CommandZh {
        path: "receivables figures",
        about: "查看回款指标：周转天数、回款有效率、逾期天数",
        arguments: &[
            ("from", "期间的第一天；省略时为前两个月的首日"),
            CUSTOMER,
            ENTITY,
            CURRENCY,
            CSV,
        ],
    },
    CommandZh {
        path: "receivables explain",
        about: "查看客户的某项指标由哪些事件构成，各计多少",
        arguments: &[("customer", "客户代码"), ("figure", "哪一项指标"), ENTITY, CURRENCY, CSV],
    },
    CommandZh {
        path: "funnel",
        about: "查看销售漏斗：各阶段、分组、明细、停滞的机会、期间内的变化",
        arguments: &[],
    },
    CommandZh {
        path: "funnel stages",
        about: "查看各阶段现有多少、走到哪里、停留多久",
        arguments: &[
            ("cohort", "计入哪些机会"),
            ("from", "期间的第一天，用于分组"),
            PERIOD_TO,
            ("strict", "只计实际经过的阶段，不计跳过的"),
            ("by", "不列各阶段，改为按此项分列机会"),
            PIPELINE,
            OWNER,
            SOURCE,
            PRODUCT,
            CSV,
        ],
    },
    CommandZh {
        path: "funnel list",
        about: "列出某项漏斗指标所计的机会，以及背后的事件",
        arguments: &[
            ("figure", "哪一项指标"),
            ("stage", "属于某个阶段的指标，是哪个阶段"),
            ("cohort", "计入哪些机会"),
            ("from", "期间的第一天，用于分组"),
            PERIOD_TO,
            PIPELINE,
            OWNER,
            SOURCE,
            PRODUCT,
            AFTER,
            LIMIT,
            CSV,
        ],
    },
    CommandZh {
        path: "funnel stuck",
        about: "列出在阶段中停留超过四分之三的停留时间的机会",
        arguments: &[
            ("days", "结束的停留不足八次的阶段，以此天数为上限"),
            PIPELINE,
            OWNER,
            LIMIT,
            CSV,
        ],
    },
    CommandZh {
        path: "funnel period",
        about: "查看期间内建立、赢单、丢单、推迟的机会，以及当初预测得如何",
        arguments: &[("from", "期间的第一天"), PERIOD_TO, PIPELINE, OWNER, SOURCE, PRODUCT, CSV],
    },
    CommandZh {
        path: "views",
        about: "查看和维护视图；视图由日志生成，可随时重新生成",
        arguments: &[],
    },
    CommandZh {
        path: "views list", about: "列出各视图的位置、事实数与摘要", arguments: &[]
    },
    CommandZh {
        path: "views rebuild",
        about: "在使用中的视图旁重新生成，完成后替换",
        arguments: &[VIEW, ("dry_run", "只估计需要多久")],
    },
    CommandZh {
        path: "views compare",
        about: "重新生成一份并显示与使用中视图的第一处差异",
        arguments: &[VIEW],
    },
    CommandZh {
        path: "views drop",
        about: "删除视图及其文件；下次查询时重新生成",
        arguments: &[VIEW],
    },
];
