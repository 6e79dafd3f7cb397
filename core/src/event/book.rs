//! Events of the book itself: X21, X29, X10, X22, X06.

use super::EventBody;
use crate::id::{
    BookId, EventId, ImportId, Label, LegalEntity, Line, PolicyName, ProductCode, StageName,
};
use crate::money::{Currency, Money};
use crate::position::Position;

crate::record! {
    /// X21: the book is opened; always position 0.
    pub struct BookOpened {
        /// The book's id.
        pub book: BookId,
        /// The book's name.
        pub name: Line,
        /// The IANA zone in which days begin and end.
        pub zone: Label,
        /// The currency the owner keeps accounts in.
        pub functional_currency: Currency,
        /// The owner's legal entities, the first the default.
        pub legal_entities: Vec<LegalEntity>,
        /// Month 1 to 12 in which the fiscal year starts.
        pub fiscal_year_start_month: u8,
        /// Country calling code, such as 86, for phone numbers given without one.
        pub default_calling_code: Option<Label>,
        /// The Ed25519 public key that signs tree heads (RFC 8032).
        pub signing_key: [u8; 32],
    }
}

crate::record! {
    /// X29: the layout of one kind and schema version, published before its first use.
    pub struct EventLayoutPublished {
        /// The stored number of the kind.
        pub kind_tag: u16,
        /// The stored name of the kind.
        pub kind_name: Line,
        /// The schema version.
        pub schema_version: u16,
        /// The body's layout in the layout language.
        pub layout: crate::id::Note,
    }
}

crate::record! {
    /// X10: a version of a policy; exactly one of the contents is present.
    pub struct PolicyVersionPublished {
        /// The policy's name.
        pub policy: PolicyName,
        /// Its version, counted from 1; left out in a request, the next.
        #[serde(default)]
        pub version: u32,
        /// Stages of an opportunity.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub pipeline: Option<Pipeline>,
        /// Edges of receivable ageing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub ageing: Option<Ageing>,
        /// Time limits of complaints and requests.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub service_levels: Option<ServiceLevels>,
        /// Indicators of satisfaction.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub indicators: Option<IndicatorTree>,
        /// Lowest prices.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub price_floors: Option<PriceFloors>,
        /// Limits of reminders and small differences.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub receivable_rules: Option<ReceivableRules>,
        /// When customers go to the pool, and who may take them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub pool_rules: Option<PoolRules>,
    }
}

crate::record! {
    /// The stages an opportunity passes, in order of rank.
    pub struct Pipeline {
        /// Open stages, first to last.
        pub stages: Vec<Stage>,
        /// The reasons a loss may have.
        pub lost_reasons: Vec<Label>,
    }
}

crate::record! {
    /// One open stage.
    pub struct Stage {
        /// Its name in events.
        pub name: StageName,
        /// Its Chinese label.
        pub label_zh: Label,
        /// Probability of winning in percent, used when the opportunity has none of its own.
        pub probability_percent: u8,
    }
}

crate::record! {
    /// Upper edges of the overdue buckets in days, inclusive (rule R20).
    pub struct Ageing {
        /// For instance 30, 60, 90, 120; beyond the last is one more bucket.
        pub edges_days: Vec<u32>,
    }
}

crate::record! {
    /// Time limits by kind and severity, and the hours they run in.
    pub struct ServiceLevels {
        /// First minute of the working day, counted from midnight.
        pub day_starts_minute: u16,
        /// Minute after the last of the working day.
        pub day_ends_minute: u16,
        /// Working weekdays, 1 Monday to 7 Sunday.
        pub weekdays: Vec<u8>,
        /// The limits; the first that fits counts.
        pub targets: Vec<ServiceTarget>,
    }
}

crate::record! {
    /// One time limit.
    pub struct ServiceTarget {
        /// Severity it is for.
        pub severity: super::complaint::Severity,
        /// Working minutes to the first human response.
        pub first_response_minutes: u32,
        /// Working minutes to the answer.
        pub resolution_minutes: u32,
    }
}

crate::record! {
    /// The indicators a survey measures, up to three levels.
    pub struct IndicatorTree {
        /// Lowest mark of the scale.
        pub scale_min: u8,
        /// Highest mark of the scale.
        pub scale_max: u8,
        /// All indicators.
        pub indicators: Vec<Indicator>,
    }
}

crate::record! {
    /// One indicator.
    pub struct Indicator {
        /// Its name in answers.
        pub name: Label,
        /// Its Chinese label.
        pub label_zh: Label,
        /// The indicator above it.
        pub parent: Option<Label>,
        /// Its weight among its siblings.
        pub weight: u16,
    }
}

crate::record! {
    /// The lowest unit price of products.
    pub struct PriceFloors {
        /// One line a product and currency.
        pub floors: Vec<PriceFloor>,
    }
}

crate::record! {
    /// The lowest unit price of one product.
    pub struct PriceFloor {
        /// The product.
        pub product: ProductCode,
        /// The lowest price without approval.
        pub price: Money,
    }
}

crate::record! {
    /// Limits of reminders (rule R30) and of differences given up without approval (rule R13).
    pub struct ReceivableRules {
        /// Days overdue from which level 1, 2 and so on may be reached.
        pub level_days: Vec<u32>,
        /// Days overdue up to which nobody is reminded.
        pub grace_days: u32,
        /// Days between two notices about one item.
        pub interval_days: u32,
        /// The least a notice is sent for, at most one a currency.
        pub notice_minimums: Vec<Money>,
        /// The most that is given up without approval, at most one a currency.
        pub tolerances: Vec<Money>,
        /// The highest credit limit that is set without a second person's approval, at most one a
        /// currency.
        #[serde(default)]
        pub limits: Vec<Money>,
        /// The most that is conceded to a customer at once without approval, at most one a
        /// currency.
        #[serde(default)]
        pub concessions: Vec<Money>,
    }
}

crate::record! {
    /// When a customer that nobody looks after goes to the pool, and when whoever had it may take it again.
    #[derive(Copy)]
    pub struct PoolRules {
        /// Days without any dealing after which a customer with nothing open goes to the pool.
        pub idle_days: u32,
        /// Days during which whoever had a customer before cannot take it from the pool.
        pub wait_days: u32,
    }
}

crate::record! {
    /// X22: an event of the same stream counts nowhere from this position on.
    pub struct EventVoided {
        /// The event.
        pub event: EventId,
        /// Where it stands.
        pub position: Position,
        /// The stored number of its kind.
        pub kind_tag: u16,
        /// The import that is taken back with it; what that import asked for may be asked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub import: Option<ImportId>,
    }
}

crate::record! {
    /// How many rows became what; every row is one of taken, known, refused and skipped.
    #[derive(Copy, Default)]
    pub struct RowTotals {
        /// Rows read.
        pub read: u64,
        /// Rows that became events now.
        pub taken: u64,
        /// Rows already taken by an earlier run.
        pub known: u64,
        /// Rows refused, each named in the answer.
        pub refused: u64,
        /// Rows the mapping leaves out on purpose.
        pub skipped: u64,
    }
}

crate::record! {
    /// The amounts of the rows in one currency, in minor units, sorted like the rows.
    pub struct AmountTotals {
        /// The currency.
        pub currency: Currency,
        /// Of the rows read.
        pub read: i64,
        /// Of the rows that became events now.
        pub taken: i64,
        /// Of the rows already taken by an earlier run.
        pub known: i64,
        /// Of the rows refused, as far as their amount could be read.
        pub refused: i64,
        /// Of the rows left out on purpose.
        pub skipped: i64,
    }
}

crate::record! {
    /// One file of an import. The file itself is attached to the import's event.
    pub struct ImportedFile {
        /// The file's name.
        pub name: Line,
        /// Bytes of the file as it was received.
        pub size_bytes: u64,
        /// What became of its rows.
        pub rows: RowTotals,
        /// The amounts of its rows, one entry a currency.
        #[serde(default)]
        pub amounts: Vec<AmountTotals>,
    }
}

crate::record! {
    /// X06: an import has been applied; its figures reconcile with its files. Its events are those
    /// that name it as their source from the position it began at on.
    pub struct ImportApplied {
        /// The import's source, under which its rows are recognised again.
        pub import: ImportId,
        /// The first position its events may have.
        pub began_at: Position,
        /// Events appended, consequences included.
        pub events: u64,
        /// The files, in the order they were read.
        pub files: Vec<ImportedFile>,
    }
}

impl RowTotals {
    /// Returns the rows that are accounted for; every row read is, exactly once.
    pub fn accounted(&self) -> u64 {
        let parts = [self.taken, self.known, self.refused, self.skipped];
        parts.iter().fold(0, |sum, part| sum.saturating_add(*part))
    }

    /// Returns the sum of two.
    #[must_use]
    pub const fn plus(&self, other: &RowTotals) -> RowTotals {
        RowTotals {
            read: self.read.saturating_add(other.read),
            taken: self.taken.saturating_add(other.taken),
            known: self.known.saturating_add(other.known),
            refused: self.refused.saturating_add(other.refused),
            skipped: self.skipped.saturating_add(other.skipped),
        }
    }
}

impl AmountTotals {
    /// Returns the amounts that are accounted for; every amount read is, exactly once.
    pub fn accounted(&self) -> i128 {
        [self.taken, self.known, self.refused, self.skipped].into_iter().map(i128::from).sum()
    }
}

impl ImportApplied {
    /// Returns what became of the rows of all files.
    pub fn rows(&self) -> RowTotals {
        self.files.iter().fold(RowTotals::default(), |sum, file| sum.plus(&file.rows))
    }

    /// Returns the names of the files, joined.
    pub fn file_names(&self) -> String {
        self.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl EventBody for BookOpened {}
impl EventBody for EventLayoutPublished {}
impl EventBody for PolicyVersionPublished {}
impl EventBody for EventVoided {}
impl EventBody for ImportApplied {}
