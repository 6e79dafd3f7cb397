//! The mappings that come with the command.

use std::path::Path;

use crate::error::CliError;
use crate::render::Lang;
use crate::text::Text;

/// A mapping with what it is for.
struct Shipped {
    name: &'static str,
    en: &'static str,
    zh: &'static str,
    text: &'static str,
}

const SHIPPED: [Shipped; 7] = [
    Shipped {
        name: "contacts",
        en: "companies and the people in them",
        zh: "公司及其联系人",
        text: include_str!("../../../mappings/contacts.toml"),
    },
    Shipped {
        name: "calls",
        en: "a register of telephone calls",
        zh: "电话登记表",
        text: include_str!("../../../mappings/calls.toml"),
    },
    Shipped {
        name: "invoice-lines",
        en: "lines of invoices with cancellations",
        zh: "发票明细及作废",
        text: include_str!("../../../mappings/invoice-lines.toml"),
    },
    Shipped {
        name: "ibm-ar",
        en: "IBM sample \"Accounts Receivable\"",
        zh: "IBM 示例数据 Accounts Receivable",
        text: include_str!("../../../mappings/ibm-ar.toml"),
    },
    Shipped {
        name: "maven-crm",
        en: "Maven \"CRM Sales Opportunities\"",
        zh: "Maven 示例数据 CRM Sales Opportunities",
        text: include_str!("../../../mappings/maven-crm.toml"),
    },
    Shipped {
        name: "olist",
        en: "Olist orders, lines, payments, shipping and reviews",
        zh: "Olist 订单、明细、付款、发货与评价",
        text: include_str!("../../../mappings/olist.toml"),
    },
    Shipped {
        name: "olist-funnel",
        en: "Olist leads and the deals they became",
        zh: "Olist 线索及成交",
        text: include_str!("../../../mappings/olist-funnel.toml"),
    },
];

/// Returns a mapping that comes along, or the list of them when none is named.
pub(super) fn show(name: &str, lang: Lang) -> Result<String, CliError> {
    if !name.is_empty() {
        return named(name).map(str::to_owned);
    }
    let lines = SHIPPED
        .iter()
        .map(|mapping| format!("{:<14} {}\n", mapping.name, lang.pick(mapping.en, mapping.zh)));
    Ok(lines.collect())
}

fn named(name: &str) -> Result<&'static str, CliError> {
    let found = SHIPPED.iter().find(|known| known.name == name);
    found.map(|mapping| mapping.text).ok_or_else(|| {
        let names: Vec<&str> = SHIPPED.iter().map(|mapping| mapping.name).collect();
        let hint = match crate::suggest::nearest(name, &names) {
            Some(near) => crate::help::usage::did_you_mean(near),
            None => Text::new(
                format!("use one of {}, or a file of your own", names.join(", ")),
                format!("请用 {} 之一，或您自己的文件", names.join("、")),
            ),
        };
        let message = Text::new(
            format!("no mapping called {name:?} comes along"),
            format!("没有名为 {name:?} 的自带映射"),
        );
        CliError::usage(message, hint)
    })
}

/// Reads a mapping: a file, or one that comes along.
pub(super) fn text(path: &Path) -> Result<String, CliError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) => match path.to_str() {
            Some(name)
                if error.kind() == std::io::ErrorKind::NotFound && !name.contains(['/', '.']) =>
            {
                named(name).map(str::to_owned)
            }
            _ => Err(CliError::file(("reading the mapping", "读取映射"), path, &error)),
        },
    }
}
