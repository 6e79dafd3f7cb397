//! Who holds what and who works here.

use super::CommandZh;

pub(super) const TABLE: &[CommandZh] = &[
    CommandZh {
        path: "duplicates",
        about: "列出可能重复的客户及理由",
        arguments: &[("customer", "只看此客户的")],
    },
    CommandZh {
        path: "merge",
        about: "合并客户：各自的历史留在原处，合在一起查看",
        arguments: &[
            ("survivor", "留存的客户"),
            ("merged", "并入的客户"),
            ("take", "某项资料以谁的为准，例如 --take phone=C-7；可重复"),
            ("dry_run", "只说明会增加哪些事件，不保留任何内容"),
        ],
    },
    CommandZh {
        path: "merges",
        about: "列出客户的合并，以及此后记录的事实",
        arguments: &[("customer", "客户")],
    },
    CommandZh {
        path: "unmerge",
        about: "撤销合并：此后记录的每项事实归于一个客户",
        arguments: &[
            ("survivor", "留存的客户"),
            ("merged", "曾并入的客户；只有一个时可省略"),
            ("give", "某项事实归谁，例如 --give 312=C-7；可重复"),
            ("rest", "未指明的事实归谁"),
            ("dry_run", "只说明会增加哪些事件，不保留任何内容"),
        ],
    },
    CommandZh {
        path: "holdings",
        about: "谁负责哪些客户、机会、待办、投诉请求与承诺",
        arguments: &[(
            "holder",
            "只看一位并列出明细：用户编号、`pool`、`nobody` 或 `unit:部门代码`",
        )],
    },
    CommandZh {
        path: "handover",
        about: "把一位用户名下的一切移交给另一位，全有或全无",
        arguments: &[
            ("from", "交出的用户"),
            ("to", "接手的用户"),
            ("leaves", "交出者离职"),
            ("dry_run", "只说明会移交什么，不保留任何内容"),
        ],
    },
    CommandZh {
        path: "pool",
        about: "查看客户池，从中领取客户，收回无人往来的客户",
        arguments: &[],
    },
    CommandZh { path: "pool list", about: "列出客户池中的客户", arguments: &[] },
    CommandZh {
        path: "pool take",
        about: "从客户池领取一个客户",
        arguments: &[("to", "由谁领取；省略时为登记者本人")],
    },
    CommandZh {
        path: "pool recycle",
        about: "把长期无往来的客户按规则收回客户池",
        arguments: &[("dry_run", "只说明会收回哪些，不保留任何内容")],
    },
    CommandZh {
        path: "pool rules",
        about: "规定客户何时进入客户池，以及原负责人多久后方可再领取",
        arguments: &[
            ("idle", "多少天无往来且无未了事项的客户进入客户池"),
            ("wait", "原负责人在多少天内不能从客户池再领取"),
        ],
    },
    CommandZh {
        path: "record assign",
        about: "把客户或其下一项交给另一位负责人",
        arguments: &[
            ("to", "从现在起由谁负责：用户编号、`pool`（客户池）或 `unit:部门代码`"),
            ("family", "交出什么；省略时为客户连同其负责人名下的一切未了事项"),
            ("id", "哪一项"),
        ],
    },
    CommandZh {
        path: "record share",
        about: "把客户或其下一项共享给他人，或收回",
        arguments: &[
            ("with", "共享给谁：用户编号或 `unit:部门代码`"),
            ("rights", "对方可以做什么；可多次给出"),
            ("until", "最后一天"),
            ("revoke", "收回已给的全部权利"),
            ("family", "共享什么；省略时为客户本身"),
            ("id", "哪一项"),
        ],
    },
    CommandZh {
        path: "record user",
        about: "记录用户入职、休假、离职或调部门",
        arguments: &[
            ("user", "用户编号"),
            ("status", "从现在起的状态"),
            ("unit", "所属部门"),
            ("capacity", "最多可负责多少个客户"),
            ("name", "姓名；会密封"),
        ],
    },
    CommandZh {
        path: "record unit",
        about: "设置或撤销部门",
        arguments: &[
            ("unit", "部门代码"),
            ("name", "名称"),
            ("parent", "上级部门"),
            ("head", "负责人"),
            ("close", "撤销"),
        ],
    },
];
