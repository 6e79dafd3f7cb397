//! Lines about opportunities, quotes, contracts and shipments.

use daybook_core::event::contract::{ContractAmended, ContractClosed, ContractSigned};
use daybook_core::event::opportunity::{
    OpportunityForecastRevised, OpportunityLost, OpportunityOpened, OpportunityReopened,
    OpportunityStageChanged, OpportunityWon,
};
use daybook_core::event::quote::{QuoteIssued, QuoteOutcomeRecorded};
use daybook_core::event::shipment::{GoodsReturned, ShipmentDispatched, ShipmentSigned};

use super::Summary;

pub(super) fn opened(body: &OpportunityOpened) -> Summary {
    let (id, stage) = (&body.opportunity, &body.stage);
    Summary::new(
        format!("opportunity {id} opened in stage {stage}"),
        format!("建立机会 {id}，阶段 {stage}"),
    )
    .and(body.amount)
    .saying(body.title.as_ref().map(ToString::to_string))
}

pub(super) fn stage(body: &OpportunityStageChanged) -> Summary {
    let (id, from, to) = (&body.opportunity, &body.from, &body.to);
    Summary::new(
        format!("opportunity {id} moved from {from} to {to}"),
        format!("机会 {id}：{from} → {to}"),
    )
}

pub(super) fn forecast(body: &OpportunityForecastRevised) -> Summary {
    let id = &body.opportunity;
    Summary::new(format!("forecast of opportunity {id} revised"), format!("修订机会 {id} 的预测"))
        .and(body.new.amount)
        .and(body.new.probability_percent.map(|percent| format!("{percent}%")))
        .and(body.new.expected_close_on)
}

pub(super) fn won(body: &OpportunityWon) -> Summary {
    let id = &body.opportunity;
    Summary::new(format!("opportunity {id} won"), format!("赢单 {id}")).and(body.amount)
}

pub(super) fn lost(body: &OpportunityLost) -> Summary {
    let (id, reason) = (&body.opportunity, &body.lost_reason);
    Summary::new(format!("opportunity {id} lost"), format!("丢单 {id}"))
        .and(body.lost_to.as_ref())
        .saying(Some(reason.to_string()))
}

pub(super) fn reopened(body: &OpportunityReopened) -> Summary {
    let (id, stage) = (&body.opportunity, &body.to_stage);
    Summary::new(
        format!("opportunity {id} reopened in stage {stage}"),
        format!("重启机会 {id}，阶段 {stage}"),
    )
}

pub(super) fn quote(body: &QuoteIssued) -> Summary {
    let (quote, revision) = (&body.quote, body.revision);
    Summary::new(
        format!("quote {quote} revision {revision} issued"),
        format!("发出报价 {quote} 第 {revision} 稿"),
    )
    .and(Some(body.total))
}

pub(super) fn outcome(body: &QuoteOutcomeRecorded) -> Summary {
    let (quote, outcome) = (&body.quote, body.outcome);
    Summary::new(format!("quote {quote} {outcome}"), format!("报价 {quote} {}", outcome.label_zh()))
}

pub(super) fn contract(body: &ContractSigned) -> Summary {
    let contract = &body.contract;
    Summary::new(format!("contract {contract} signed"), format!("签署合同 {contract}"))
        .and(Some(body.total))
}

pub(super) fn amended(body: &ContractAmended) -> Summary {
    let (contract, number) = (&body.contract, body.amendment);
    let sign = if body.total_change.minor > 0 { "+" } else { "" };
    let change = (body.total_change.minor != 0).then(|| format!("{sign}{}", body.total_change));
    Summary::new(
        format!("contract {contract} amended, amendment {number}"),
        format!("合同 {contract} 变更（第 {number} 次）"),
    )
    .and(change)
}

pub(super) fn contract_closed(body: &ContractClosed) -> Summary {
    let (contract, outcome) = (&body.contract, body.outcome);
    Summary::new(
        format!("contract {contract} ended: {outcome}"),
        format!("合同 {contract} 结束：{}", outcome.label_zh()),
    )
    .saying(body.settlement.as_ref().map(ToString::to_string))
}

pub(super) fn dispatched(body: &ShipmentDispatched) -> Summary {
    let (shipment, contract) = (&body.shipment, &body.contract);
    Summary::new(
        format!("shipment {shipment} of contract {contract} dispatched"),
        format!("发货 {shipment}（合同 {contract}）"),
    )
    .and(body.carrier.as_ref())
}

pub(super) fn arrived(body: &ShipmentSigned) -> Summary {
    let shipment = &body.shipment;
    let short = (!body.shortages.is_empty()).then_some("!");
    Summary::new(format!("shipment {shipment} signed for"), format!("签收 {shipment}")).and(short)
}

pub(super) fn returned(body: &GoodsReturned) -> Summary {
    let (shipment, reason) = (&body.shipment, &body.return_reason);
    Summary::new(format!("goods of shipment {shipment} returned"), format!("退货 {shipment}"))
        .saying(Some(reason.to_string()))
}
