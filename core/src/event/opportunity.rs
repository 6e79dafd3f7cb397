//! Opportunities: E26, E27, E28, E30, E31, E32.

use super::EventBody;
use crate::id::{
    ActorId, ContractNumber, Label, Line, OpportunityId, PolicyName, ProductCode, StageName,
};
use crate::money::Money;
use crate::time::Date;

crate::record! {
    /// E26: an opportunity was opened.
    pub struct OpportunityOpened {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub opportunity: OpportunityId,
        /// The pipeline policy it runs under.
        pub pipeline: PolicyName,
        /// The pipeline's version; 0 in a request means the newest.
        #[serde(default)]
        pub pipeline_version: u32,
        /// The first stage it is in.
        pub stage: StageName,
        /// In words.
        pub title: Option<Line>,
        /// Expected amount.
        pub amount: Option<Money>,
        /// Own probability in percent; the stage's when absent.
        pub probability_percent: Option<u8>,
        /// Expected day of closing.
        pub expected_close_on: Option<Date>,
        /// Where it came from.
        pub source: Option<Label>,
        /// Who pursues it.
        pub owner: Option<ActorId>,
        /// The product it is about.
        pub product: Option<ProductCode>,
    }
}

crate::choice! {
    /// How a stage changed.
    pub enum StageChange {
        /// To the next stage.
        Advance = "advance" "推进",
        /// Forward past at least one.
        Skip = "skip" "跳过",
        /// Backward.
        Regress = "regress" "回退",
        /// To another pipeline.
        PipelineChange = "pipeline_change" "更换流程",
    }
}

crate::record! {
    /// E27: an opportunity went from one stage to another.
    pub struct OpportunityStageChanged {
        /// Which.
        pub opportunity: OpportunityId,
        /// The stage it was in; left out in a request, the current one.
        #[serde(default)]
        pub from: StageName,
        /// The stage it is in from now on.
        pub to: StageName,
        /// How; left out in a request, worked out from the pipeline.
        pub change: Option<StageChange>,
    }
}

crate::record! {
    /// What is expected of an opportunity.
    pub struct Forecast {
        /// Amount.
        pub amount: Option<Money>,
        /// Own probability in percent.
        pub probability_percent: Option<u8>,
        /// Day of closing.
        pub expected_close_on: Option<Date>,
        /// Progress in percent.
        pub progress_percent: Option<u8>,
        /// Whether it is a key opportunity.
        #[serde(default)]
        pub key: bool,
    }
}

crate::record! {
    /// E28: what is expected changed; old and new.
    pub struct OpportunityForecastRevised {
        /// Which.
        pub opportunity: OpportunityId,
        /// Before; left out in a request, what is known.
        pub old: Option<Forecast>,
        /// From now on.
        pub new: Forecast,
    }
}

crate::record! {
    /// E30: an opportunity was won.
    pub struct OpportunityWon {
        /// Which.
        pub opportunity: OpportunityId,
        /// The contract it became.
        pub contract: Option<ContractNumber>,
        /// The amount won.
        pub amount: Option<Money>,
        /// The day.
        pub closed_on: Date,
    }
}

crate::record! {
    /// E31: an opportunity was lost.
    pub struct OpportunityLost {
        /// Which.
        pub opportunity: OpportunityId,
        /// Why, from the pipeline's list.
        pub lost_reason: Label,
        /// To whom.
        pub lost_to: Option<Line>,
        /// The day.
        pub closed_on: Date,
    }
}

crate::record! {
    /// E32: a closed opportunity is open again.
    pub struct OpportunityReopened {
        /// Which.
        pub opportunity: OpportunityId,
        /// The stage it is in from now on.
        pub to_stage: StageName,
    }
}

impl EventBody for OpportunityOpened {}
impl EventBody for OpportunityStageChanged {}
impl EventBody for OpportunityForecastRevised {}
impl EventBody for OpportunityWon {}
impl EventBody for OpportunityLost {}
impl EventBody for OpportunityReopened {}
