//! `daybook init`: makes a ledger.

use clap::Args;
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{ActorId, BookId, Label, LegalEntity, Line, TextError};
use daybook_core::ledger::Genesis;
use daybook_core::money::Currency;
use daybook_server::text::Text as Said;
use serde_json::json;

use super::{Done, Global};
use crate::error::CliError;
use crate::render::{Lang, print_json};
use crate::system;

/// Make a ledger in a new directory
#[derive(Debug, Args)]
pub struct Init {
    /// The ledger's name; the directory's when left out
    #[arg(long)]
    name: Option<String>,
    /// The time zone in which days begin and end; the machine's when left out
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// The currency you keep accounts in
    #[arg(long, default_value = "CNY", value_name = "CODE")]
    currency: String,
    /// A legal entity of yours; may be given several times, the first is the default
    #[arg(long, default_value = "MAIN", value_name = "ENTITY")]
    entity: Vec<String>,
    /// Country calling code for phone numbers given without one; 86 with CNY when left out
    #[arg(long, value_name = "DIGITS")]
    calling_code: Option<String>,
    /// First month of the fiscal year
    #[arg(long, value_name = "MONTH", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=12))]
    fiscal_year_month: u8,
}

impl Init {
    /// Makes the ledger and says where things are.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let genesis = self.genesis(global)?;
        crate::book::init(global.dir(), &genesis)?;
        let dir = std::fs::canonicalize(global.dir()).unwrap_or_else(|_| global.dir().to_owned());
        if global.json {
            print_json(&json!({
                "book": genesis.book, "name": genesis.name, "zone": genesis.zone,
                "currency": genesis.functional_currency, "legal_entities": genesis.legal_entities,
                "calling_code": genesis.default_calling_code, "dir": dir,
            }));
            return Ok(Done::Wholly);
        }
        let entities: Vec<&str> = genesis.legal_entities.iter().map(LegalEntity::as_str).collect();
        let lang = global.language();
        let (name, zone, currency) = (&genesis.name, &genesis.zone, genesis.functional_currency);
        let (dir, keys, entities) =
            (dir.display(), dir.join("vault").display().to_string(), entities.join(", "));
        match lang {
            Lang::En => {
                crate::out!("The ledger \"{name}\" is ready.");
                crate::out!("  directory  {dir}");
                crate::out!("  days in    {zone}");
                crate::out!("  currency   {currency}, entity {entities}");
                crate::out!("  keys       {keys}");
                crate::out!("             (without them nobody can read the personal parts:");
                crate::out!("             keep a copy apart)");
            }
            Lang::Zh => {
                crate::out!("账簿“{name}”已建好。");
                crate::out!("  目录  {dir}");
                crate::out!("  时区  {zone}");
                crate::out!("  币种  {currency}，法人 {entities}");
                crate::out!("  密钥  {keys}");
                crate::out!("        （没有密钥，个人信息就再也读不出来：请另存一份）");
            }
        }
        let command = global.command("");
        crate::out!("{}", lang.pick("Next:", "接下来："));
        let (name, said) = lang.pick2(("Acme Ltd", "asked for a quote"), ("华东精密", "询价"));
        crate::out!("  {command}record customer ACME --name \"{name}\"");
        crate::out!("  {command}record call ACME \"{said}\" --in");
        crate::out!("  {command}open ACME");
        crate::out!("  {command}import contacts.csv --mapping contacts");
        Ok(Done::Wholly)
    }

    fn genesis(&self, global: &Global) -> Result<Genesis, CliError> {
        let unfit =
            |error: &TextError, hint: (&str, &str)| CliError::usage(Said::from(error), hint);
        let folder = global.dir().file_name().and_then(|name| name.to_str()).unwrap_or("daybook");
        let name = self.name.as_deref().unwrap_or(folder);
        let zone = self.zone.clone().unwrap_or_else(system::zone);
        let currency: Currency = self.currency.parse().map_err(|error| {
            let hint = (
                "give an ISO 4217 code such as CNY, USD or EUR",
                "请给出 ISO 4217 币种代码，例如 CNY、USD 或 EUR",
            );
            CliError::usage(Said::from(&error), hint)
        })?;
        let calling_code = self.calling_code.clone();
        let calling_code =
            calling_code.or_else(|| (currency.as_str() == "CNY").then(|| "86".to_owned()));
        let calling_code = calling_code.map(|code| Label::new(code.trim_start_matches('+')));
        let entities = self.entity.iter().map(LegalEntity::new).collect::<Result<_, _>>();
        Ok(Genesis {
            book: BookId(uuid::Uuid::new_v4()),
            name: Line::new(name).map_err(|error| {
                unfit(&error, ("give a shorter --name", "请给一个较短的 --name"))
            })?,
            zone: Label::new(&zone).map_err(|error| {
                unfit(&error, ("use a name such as UTC", "请用 Asia/Shanghai 这样的名称"))
            })?,
            functional_currency: currency,
            legal_entities: entities.map_err(|error| {
                unfit(
                    &error,
                    ("give a short --entity such as HQ", "请给一个简短的 --entity，例如 HQ"),
                )
            })?,
            fiscal_year_start_month: self.fiscal_year_month,
            default_calling_code: calling_code
                .transpose()
                .map_err(|error| unfit(&error, ("give digits such as 86", "请给数字，例如 86")))?,
            actor: Actor {
                user: ActorId::new(&global.actor).map_err(|error| {
                    unfit(
                        &error,
                        (
                            "give a short id with --as, such as U-01",
                            "请用 --as 给一个简短的编号，例如 U-01",
                        ),
                    )
                })?,
                on_behalf_of: None,
                role: None,
                unit: None,
                assurance: Assurance::Declared,
            },
            source: Source { channel: Channel::Cli, session: None, import: None },
        })
    }
}
