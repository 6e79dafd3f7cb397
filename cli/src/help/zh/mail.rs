//! Mail, contacts and calendars.

use super::CommandZh;

pub(super) const TABLE: &[CommandZh] = &[
    CommandZh { path: "mail", about: "导入邮件，处理待认领的邮件", arguments: &[] },
    CommandZh {
        path: "mail import",
        about: "按收到的原样导入邮件；重复导入不会重复记录",
        arguments: &[
            ("paths", "邮件（.eml）、mbox 文件，或目录：maildir，或含 .eml 文件的目录"),
            ("own", "我方的域名或邮箱；可重复"),
            ("dry_run", "只说明各封邮件会如何处理，不保留任何内容"),
        ],
    },
    CommandZh {
        path: "mail held",
        about: "列出待认领的邮件",
        arguments: &[("limit", "最多列出多少封")],
    },
    CommandZh {
        path: "mail assign",
        about: "把待认领的邮件归入客户",
        arguments: &[
            ("mail", "邮件编号，见 `daybook mail held`"),
            ("contact", "发件人是哪位联系人"),
            ("new_contact", "把发件人添加为联系人，以后的邮件会自动归入该客户"),
            ("name", "新联系人的姓名；省略时用邮件中的"),
            ("role", "新联系人的职务，例如 采购"),
            ("reason", "先前已归入其他客户时，改归的原因"),
        ],
    },
    CommandZh {
        path: "mail dismiss",
        about: "说明待认领的邮件不属于任何客户",
        arguments: &[("mail", "邮件编号，见 `daybook mail held`")],
    },
    CommandZh { path: "contacts", about: "用 vCard 导入或导出联系人", arguments: &[] },
    CommandZh {
        path: "contacts import",
        about: "添加 vCard 文件中的联系人；重复导入不会重复添加",
        arguments: &[
            ("file", "vCard 2.1、3.0 或 4.0 文件"),
            ("customer", "所属客户；省略时每张名片归入它所指的客户"),
        ],
    },
    CommandZh {
        path: "contacts export",
        about: "以 vCard 4.0 输出联系人",
        arguments: &[("customer", "客户；省略时为全部")],
    },
    CommandZh {
        path: "calendar", about: "用日历文件导入或导出拜访与任务", arguments: &[]
    },
    CommandZh {
        path: "calendar import",
        about: "记录日历中已结束的拜访，计划将来的拜访与任务；重复导入不会重复记录",
        arguments: &[
            ("file", "iCalendar 2.0 文件（.ics）"),
            ("customer", "全部归入的客户；省略时每项归入其参加者所属的客户"),
            ("own", "我方的域名或邮箱；可重复"),
            ("since", "此前已结束的不处理：日期（当日开始）或时刻"),
            ("until", "此后的留待下次：日期（当日结束）或时刻；省略时为今后 92 天"),
            ("dry_run", "只说明各项会如何处理，不保留任何内容"),
        ],
    },
    CommandZh {
        path: "calendar export",
        about: "以日历文件输出未完成的任务和已有的拜访",
        arguments: &[
            ("customer", "客户；省略时为全部"),
            ("since", "只输出此后的拜访：日期（当日开始）或时刻"),
        ],
    },
];
