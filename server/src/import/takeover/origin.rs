//! Whether a file can be taken over into this ledger, by its first line.

use daybook_core::ledger::Ledger;

use super::TakeOverError;
use crate::export::jsonl::First;
use crate::export::{FORM_VERSION, Origin};
use crate::text::Text;

/// Reads the first line and says whether the file can be taken over into this ledger.
pub fn fit(ledger: &Ledger, text: &[u8]) -> Result<Origin, TakeOverError> {
    let unfit = |problem: (String, String), (en, zh)| TakeOverError::Unfit {
        problem: Text::from(problem),
        hint: Text::fixed(en, zh),
    };
    let First { export } = serde_json::from_slice(text).map_err(|error| {
        unfit(
            (
                format!("the file does not begin like an export: {error}"),
                format!("文件的开头不是导出：{error}"),
            ),
            (
                "make it with `daybook export --output FILE.jsonl --personal`",
                "请用 `daybook export --output 文件.jsonl --personal` 生成",
            ),
        )
    })?;
    if export.version > FORM_VERSION {
        let form = export.version;
        let problem = (
            format!("the file has form {form}, later than this release's"),
            format!("文件的格式为 {form}，比本版本的新"),
        );
        let hint =
            ("use the release that wrote it, or a later one", "请使用写出它的版本或更新的版本");
        return Err(unfit(problem, hint));
    }
    let query = &export.query;
    if query.kind.is_some() || query.since.is_some() || export.basis.as_of.is_some() {
        let problem = (
            "the file holds parts of customers' histories only".to_owned(),
            "文件只含客户历史的一部分".to_owned(),
        );
        let hint = (
            "export without --kind, --since and --as-of",
            "请在导出时不用 --kind、--since 和 --as-of",
        );
        return Err(unfit(problem, hint));
    }
    let book = ledger.reader().book()?;
    let differs = |what: (&str, &str), there: String, here: String| {
        unfit(
            (
                format!("the {} there is {there}, here {here}", what.0),
                format!("那里的{}是 {there}，此处是 {here}", what.1),
            ),
            (
                "make the new ledger with the same zone, currency and legal entities: daybook init",
                "请用 daybook init 新建时区、货币和法人实体相同的账簿",
            ),
        )
    };
    if export.basis.zone != book.zone.name() {
        return Err(differs(
            ("zone", "时区"),
            export.basis.zone.clone(),
            book.zone.name().to_owned(),
        ));
    }
    if export.functional_currency != book.functional_currency {
        let shown = |currency: Option<daybook_core::money::Currency>| {
            currency.map(|currency| currency.to_string()).unwrap_or_default()
        };
        let (there, here) = (export.functional_currency, book.functional_currency);
        return Err(differs(("currency", "本位币"), shown(there), shown(here)));
    }
    if let Some(missing) =
        export.legal_entities.iter().find(|entity| !book.legal_entities.contains(entity))
    {
        let problem = (
            format!("the legal entity {missing} is not one of this ledger"),
            format!("此账簿没有法人实体 {missing}"),
        );
        let hint = (
            "make the new ledger with the same legal entities: daybook init --entity",
            "请用 daybook init --entity 新建法人实体相同的账簿",
        );
        return Err(unfit(problem, hint));
    }
    Ok(export)
}
