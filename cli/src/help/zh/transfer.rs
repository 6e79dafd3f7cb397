//! Verbs that take data out, and those that look at imports.

use super::CommandZh;

pub(super) const TABLE: &[CommandZh] = &[
    CommandZh {
        path: "export",
        about: "把事件导出为 JSON 行、CSV 或 Excel 工作簿，或校验这样的文件",
        arguments: &[
            ("output", "文件存放处，`-` 为标准输出"),
            ("format", "文件的形式；省略时按文件名"),
            ("customer", "只导出此客户的"),
            ("kind", "只导出此种事件，例如 invoice.issued"),
            ("since", "只导出此日期或时刻及以后发生的"),
            ("from", "从此位置起"),
            ("before", "只导出此位置之前的"),
            ("personal", "开封个人内容：姓名、地址、往来内容；文件中会注明"),
            ("files", "一并导出附件的内容；仅限个人内容已开封的 JSON 行"),
            ("reason", "用途；随导出记录保存"),
            ("check", "校验此文件是否完整且未被改动，不需要账簿"),
        ],
    },
    CommandZh {
        path: "import list",
        about: "列出历次导入：时间、文件、是否已撤销",
        arguments: &[],
    },
    CommandZh {
        path: "import show",
        about: "显示一次导入：其文件与带来的内容",
        arguments: &[("import", "列表中导入的位置；或其来源，取最近一次")],
    },
    CommandZh {
        path: "import events",
        about: "导入另一本账的导出文件：同样的事实，重新记录",
        arguments: &[("file", "由 `daybook export` 生成的 JSON 行文件，个人内容已开封")],
    },
    CommandZh {
        path: "import revert",
        about: "撤销一次导入：作废其带来的内容，并说明哪些保留",
        arguments: &[
            ("import", "列表中导入的位置；或其来源，取最近一次"),
            ("reason", "原因；随每次作废保存"),
            ("dry_run", "只说明哪些会撤销、哪些会保留，不保留任何内容"),
        ],
    },
];
