//! The program itself and the verbs that make, look at and check a ledger.

use super::CommandZh;

pub(super) const TABLE: &[CommandZh] = &[
    CommandZh {
        path: "", about: "把您与客户之间发生的一切记入一本账", arguments: &[]
    },
    CommandZh {
        path: "init",
        about: "在新目录中建一本账",
        arguments: &[
            ("name", "账簿的名称；省略时用目录名"),
            ("zone", "以哪个时区的日界为准；省略时用本机的"),
            ("currency", "记账本位币"),
            ("entity", "己方法人；可重复，第一个为默认"),
            ("calling_code", "未写国家区号的电话所用的区号；本位币为 CNY 时默认 86"),
            ("fiscal_year_month", "财年的第一个月"),
        ],
    },
    CommandZh {
        path: "open",
        about: "一屏看清一个客户：身份、款项、未了事项、最近往来",
        arguments: &[("who", "客户：代码、名称、拼音、电话，或其中一部分")],
    },
    CommandZh {
        path: "void",
        about: "作废一个事件：从此不再计入，但仍留在日志中",
        arguments: &[("event", "事件编号或位置")],
    },
    CommandZh {
        path: "import",
        about: "按映射导入文件；重复导入不会重复记录",
        arguments: &[
            ("files", "文件：CSV、JSON lines 或 XLSX，可为 gzip 或 zip 压缩；首行为列名"),
            ("mapping", "各行如何成为事件：TOML 文件，或自带的映射（--show 列出）"),
            ("dry_run", "只说明哪些会被接受或拒绝，不保留任何内容"),
            ("refused", "把被拒绝的行连同原因写入此 CSV 文件；有多个文件时写入此文件夹"),
            ("guess", "查看文件，并在标准输出写出带注释的初步映射"),
            ("show", "显示一个自带的映射，作为您自己的起点；不写名称则列出全部"),
        ],
    },
    CommandZh {
        path: "attach",
        about: "为一个事件添加附件",
        arguments: &[
            ("event", "所属的事件：位置或编号"),
            ("file", "文件"),
            ("media_type", "媒体类型，例如 application/pdf；省略时按扩展名"),
            ("name", "保存的名称；省略时用文件名"),
            ("note", "关于它的备注"),
        ],
    },
    CommandZh {
        path: "attachments",
        about: "列出客户的附件，或取出其中一个",
        arguments: &[("from", "只从此位置起")],
    },
    CommandZh {
        path: "attachments get",
        about: "取出一个附件的内容",
        arguments: &[
            ("position", "添加它的事件的位置"),
            ("output", "存放处，`-` 为标准输出；省略时以其自身名称存入当前目录"),
        ],
    },
    CommandZh {
        path: "log",
        about: "按记录顺序列出最近的事件",
        arguments: &[
            ("customer", "只列此客户的"),
            ("kind", "只列此种事件，例如 invoice.issued"),
            ("since", "只列此日期或时刻及以后发生的"),
            ("reverse", "最新的在前"),
            ("limit", "最多列出多少个事件"),
            ("from", "从此位置起，而不是最近的"),
            ("before", "只列此位置之前的"),
        ],
    },
    CommandZh {
        path: "tail",
        about: "跟随日志：先列最近的事件，随后每发生一个就显示一个",
        arguments: &[
            ("customer", "只列此客户的"),
            ("kind", "只列此种事件，例如 invoice.issued"),
            ("lines", "先列最近的多少个事件"),
            ("from", "改为从此位置开始"),
            ("consumer", "从此消费者所在之处继续，并确认已显示的事件"),
            ("no_follow", "已发生的都显示后即结束"),
        ],
    },
    CommandZh {
        path: "consumer", about: "管理以某个名称跟随日志的程序", arguments: &[]
    },
    CommandZh {
        path: "consumer add",
        about: "新建消费者；重复新建不会改变什么",
        arguments: &[
            ("name", "名称：小写字母、数字、连字符"),
            ("from", "它接收的第一个事件的位置；省略时为整个日志"),
            ("customer", "只接收此客户的事件"),
            ("kind", "只接收此种事件，例如 invoice.issued"),
        ],
    },
    CommandZh {
        path: "consumer list", about: "列出消费者及各自落后多少", arguments: &[]
    },
    CommandZh {
        path: "consumer ack",
        about: "确认一个事件及其之前的全部事件",
        arguments: &[("name", "消费者"), ("position", "事件的位置")],
    },
    CommandZh {
        path: "consumer set",
        about: "设定消费者接下来接收哪个事件",
        arguments: &[("name", "消费者"), ("position", "事件的位置")],
    },
    CommandZh {
        path: "consumer drop",
        about: "删除消费者及其位置",
        arguments: &[("name", "消费者")],
    },
    CommandZh {
        path: "show",
        about: "显示一个客户、一个事件或客户名单",
        arguments: &[
            ("what", "客户代码、事件位置或事件编号"),
            ("limit", "最多显示多少个客户，或时间线上多少个事件"),
            ("event", "即使有此代码的客户，也当作事件"),
        ],
    },
    CommandZh {
        path: "diff",
        about: "查看某客户在两个基准之间的变化，以及由哪些事件造成",
        arguments: &[
            ("customer", "客户代码"),
            ("from_as_of", "第一个基准：只看截至此时已发生的：日期（当日结束）或时刻"),
            ("from_known_at", "第一个基准：只看截至此时已知的：日期（当日结束）或时刻"),
            ("csv", "变化以逗号分隔值输出，供电子表格使用"),
        ],
    },
    CommandZh {
        path: "stats",
        about: "显示账簿中有什么：按种类和月份的事件、客户、金额合计",
        arguments: &[],
    },
    CommandZh {
        path: "serve",
        about: "通过 HTTP 应答调用，直到停止",
        arguments: &[
            ("listen", "在哪里监听：本机地址加端口"),
            ("token_file", "调用方须出示的令牌所在文件；没有时生成"),
            ("log", "在标准错误上如何记录调用"),
            ("body_size_bytes_max", "非流式调用的最大请求体"),
            ("request_seconds_max", "非流式调用的最长时间"),
            ("connections_max", "同时打开的最多连接数"),
            ("otlp_endpoint", "以 OpenTelemetry 协议告知调用与指标的收集器：http://主机:端口"),
        ],
    },
    CommandZh {
        path: "clock", about: "显示账簿所依据的时钟，以及它是否可信", arguments: &[]
    },
    CommandZh {
        path: "clock confirm", about: "时钟向前跳动之后，声明它是正确的", arguments: &[]
    },
    CommandZh { path: "config", about: "显示每项设置、其值与来源", arguments: &[] },
    CommandZh {
        path: "verify",
        about: "核验账簿的每个字节：无改动、无增添、无缺失",
        arguments: &[("derived", "同时比对索引与日志")],
    },
    CommandZh {
        path: "demo",
        about: "建一本含有样例年度的账并查看",
        arguments: &[("seed", "样例中一切随机内容所依据的数")],
    },
    CommandZh {
        path: "completion",
        about: "输出外壳的补全脚本",
        arguments: &[("shell", "哪种外壳")],
    },
    CommandZh {
        path: "man",
        about: "输出手册页",
        arguments: &[("to", "把每个命令的中英文手册页写入此目录，供 man 使用")],
    },
    CommandZh { path: "exit-codes", about: "说明退出码的含义", arguments: &[] },
];
