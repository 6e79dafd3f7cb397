//! One realistic example of every kind of event, with fixed ids, times and sealed bytes.
//!
//! The examples are what documentation shows and what the pinned bytes in `tests/golden` are made
//! of. They tell one small story of the customer C-0173; they are not a history that could be
//! replayed. Sealed sections hold constant bytes in place of ciphertext.

use serde_json::{Value, json};

use super::{
    Actor, Assurance, Body, BookStream, Channel, Envelope, Event, Kind, RequestMark, Sealed,
    Source, StreamId,
};
use crate::id::{ActorId, CustomerCode, EventId, ImportId, Note, RoleName};
use crate::position::{Position, StreamVersion};
use crate::proof::Hash;
use crate::time::Timestamp;

/// 2026-03-31T01:30:00Z, the time of every example.
const RECORDED_AT: Timestamp = Timestamp(1_774_920_600_000_000);

/// Returns the example of a kind.
///
/// # Panics
/// Never: the examples are constants, and a test builds every one of them.
#[expect(clippy::expect_used, reason = "the examples are constants, and a test builds each")]
pub fn example(kind: Kind) -> Event {
    let mut body = Body::from_json(kind, fields(kind)).expect("an example in its kind's form");
    let mut slot = 100;
    let sealed: Result<(), std::convert::Infallible> = body.sections(&mut |_, section| {
        section.put_sealed(Sealed { key_slot: slot, tag: [0x5e; 32], ciphertext: vec![0xc1; 24] });
        slot += 1;
        Ok(())
    });
    sealed.unwrap_or_else(|never| match never {});
    let envelope = envelope(kind).expect("an envelope of acceptable texts");
    Event { envelope, body }
}

fn envelope(kind: Kind) -> Result<Envelope, crate::id::TextError> {
    let tag = u64::from(kind.tag());
    let stream = match kind {
        Kind::BookOpened => StreamId::Book(BookStream::Book),
        Kind::EventLayoutPublished => StreamId::Book(BookStream::Layouts),
        Kind::PolicyVersionPublished => StreamId::Book(BookStream::Policies),
        Kind::ImportApplied => StreamId::Book(BookStream::Imports),
        Kind::DataExported => StreamId::Book(BookStream::Exports),
        Kind::ImportReverted => StreamId::Book(BookStream::Imports),
        Kind::MailHeld | Kind::MailAssigned => StreamId::Book(BookStream::Mail),
        Kind::ReceiptIdentified => StreamId::Book(BookStream::Suspense),
        Kind::ExchangeRateRecorded => StreamId::Book(BookStream::Rates),
        Kind::PeriodLocked => StreamId::Book(BookStream::Periods),
        Kind::OrgUnitChanged | Kind::UserStatusChanged => StreamId::Book(BookStream::Organisation),
        _ => StreamId::Customer(CustomerCode::new("C-0173")?),
    };
    // One example shows an envelope with everything in it; the others have what is usual.
    let full = kind == Kind::InteractionVoided;
    let id = |number: u64| EventId::from_parts(RECORDED_AT, &[number.to_le_bytes()[0]; 10]);
    Ok(Envelope {
        position: Position(tag * 10),
        recorded_at: RECORDED_AT,
        effective_at: Timestamp(RECORDED_AT.0 - 60_000_000),
        event_id: id(tag),
        stream,
        version: StreamVersion(tag),
        prev_position: (tag > 1).then(|| Position(tag * 10 - 1)),
        prev_hash: if tag > 1 { Hash([0xab; 32]) } else { Hash::default() },
        actor: Actor {
            user: ActorId::new("U-07")?,
            on_behalf_of: full.then(|| ActorId::new("U-03")).transpose()?,
            role: full.then(|| RoleName::new("service")).transpose()?,
            unit: None,
            assurance: if full { Assurance::Authenticated } else { Assurance::Declared },
        },
        source: Source {
            channel: if full { Channel::Import } else { Channel::Cli },
            session: None,
            import: full.then(|| ImportId::new("service-desk-2026")).transpose()?,
        },
        causation: full.then(|| id(20)),
        correlation: full.then(|| id(20)),
        request: full.then_some(RequestMark { key: [0x11; 16], content: [0x22; 16] }),
        reason: full.then(|| Note::new("entered twice")).transpose()?,
        corrects: full.then(|| id(20)),
    })
}

fn cny(minor: i64) -> Value {
    json!({ "minor": minor, "currency": "CNY" })
}

/// Returns an example's fields in JSON, sections open.
pub fn fields(kind: Kind) -> Value {
    match kind {
        Kind::BookOpened
        | Kind::EventLayoutPublished
        | Kind::PolicyVersionPublished
        | Kind::EventVoided
        | Kind::ImportApplied => book_fields(kind),
        Kind::DataExported => json!({
            "format": "csv", "of_customer": "C-0173", "kind": "invoice.issued",
            "since": "2026-01-01T00:00:00+08:00", "as_of": "2026-03-31T23:59:59.999999+08:00",
            "known_at": null, "from": 0, "before": 700, "personal": false, "files": false,
        }),
        Kind::ImportReverted => json!({
            "import": "service-desk-2026", "applied_at": 940, "from": 0, "before": 940,
            "reversed": 128, "void_before": 1, "kept": 1, "failed": 0,
            "stayed": [{
                "position": 917, "kind_tag": 10, "code": "stood_on", "needed_by": [951, 960],
            }],
        }),
        Kind::CustomerTermsSet
        | Kind::CreditLimitSet
        | Kind::CustomerInvestmentRecorded
        | Kind::CommitmentMade
        | Kind::CommitmentSettled => agreement_fields(kind),
        Kind::ExchangeRateRecorded => json!({
            "base": "USD", "quote": "CNY", "rate": "7.2105", "rate_on": "2026-03-31",
            "publisher": "central bank",
        }),
        Kind::PeriodLocked => json!({ "through": "2026-02-28", "legal_entity": "HQ" }),
        Kind::AttachmentAdded => json!({
            "attachment": "5f8c02b1a7d94e63f0218d5c7be4a390c1d2e3f405162738495a6b7c8d9eafb0",
            "event": "019d4183-09c0-7114-9414-141414141414", "subject": "customer",
            "media_type": "application/pdf", "size_bytes": 182_044,
            "stored_hash": "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90",
            "stored_size_bytes": 182_220,
            "label": { "name": "报价单 Q-1.pdf", "note": "as signed" },
        }),
        Kind::CustomerRegistered | Kind::CustomerDetailsChanged | Kind::ContactAdded => {
            customer_fields(kind)
        }
        Kind::CustomersMerged => json!({
            "side": "merged", "survivor": "C-0173", "merged": "C-0181",
            "fields_taken": ["phone"], "ids_from": 12,
            "evidence": { "customer": "C-0181", "score_percent": 85, "reasons": ["name"] },
        }),
        Kind::MergeReversed => json!({
            "side": "survivor", "survivor": "C-0173", "merged": "C-0181",
            "facts": [{ "event": "019d4183-09c0-7114-9414-151515151515", "position": 312,
                "to": "C-0181" }],
        }),
        Kind::RecordAssigned
        | Kind::RecordShareChanged
        | Kind::OrgUnitChanged
        | Kind::UserStatusChanged => people_fields(kind),
        Kind::InteractionRecorded | Kind::InteractionVoided => interaction_fields(kind),
        Kind::TaskPlanned | Kind::TaskRescheduled | Kind::TaskClosed => task_fields(kind),
        Kind::MailHeld | Kind::MailAssigned => mail_fields(kind),
        Kind::OpportunityOpened
        | Kind::OpportunityStageChanged
        | Kind::OpportunityForecastRevised
        | Kind::OpportunityWon
        | Kind::OpportunityLost
        | Kind::OpportunityReopened => opportunity_fields(kind),
        Kind::QuoteIssued
        | Kind::QuoteOutcomeRecorded
        | Kind::ContractSigned
        | Kind::ContractAmended
        | Kind::ContractClosed => deal_fields(kind),
        Kind::ShipmentDispatched | Kind::ShipmentSigned | Kind::GoodsReturned => {
            shipment_fields(kind)
        }
        Kind::ReceivableOpened
        | Kind::InvoiceIssued
        | Kind::PaymentReceived
        | Kind::PaymentReversed
        | Kind::CreditApplied
        | Kind::ApplicationReversed
        | Kind::ReceiptIdentified
        | Kind::BalanceConfirmed
        | Kind::ReceivableDisputeChanged => receivable_fields(kind),
        Kind::ReceivableRescheduled
        | Kind::InvoiceVoided
        | Kind::CreditNoteIssued
        | Kind::ReceivableWrittenOff
        | Kind::RefundPaid
        | Kind::DunningNoticeSent => credit_fields(kind),
        Kind::ComplaintReceived
        | Kind::ComplaintAcknowledged
        | Kind::ComplaintAssessed
        | Kind::ComplaintClockChanged
        | Kind::ComplaintAnswered
        | Kind::ComplaintClosed
        | Kind::ComplaintReopened => complaint_fields(kind),
        Kind::SurveyAnswered => json!({
            "invitation": "SV-1", "survey": "yearly-2026", "indicators_version": 1,
            "respondent": "P-1", "occasion": "yearly",
            "answers": [
                { "indicator": "quality", "expectation": 5, "perception": 4, "weight": 40 },
                { "indicator": "delivery", "perception": 5, "weight": 30 },
            ],
            "correspondence": { "summary": "整体满意" },
        }),
    }
}

fn book_fields(kind: Kind) -> Value {
    match kind {
        Kind::BookOpened => json!({
            "book": "6f1c1a52-7c0e-4c55-9f35-0d8a3c7b2e10", "name": "华东账簿",
            "zone": "Asia/Shanghai", "functional_currency": "CNY",
            "legal_entities": ["HQ", "SH"], "fiscal_year_start_month": 1,
            "default_calling_code": "86", "signing_key": vec![7u8; 32],
        }),
        Kind::EventLayoutPublished => json!({
            "kind_tag": 21, "kind_name": "interaction.voided", "schema_version": 1,
            "layout": Kind::InteractionVoided.layout().to_string(),
        }),
        Kind::PolicyVersionPublished => json!({
            "policy": "sales", "version": 2,
            "pipeline": {
                "stages": [
                    { "name": "lead", "label_zh": "线索", "probability_percent": 10 },
                    { "name": "proposal", "label_zh": "方案", "probability_percent": 50 },
                ],
                "lost_reasons": ["price", "competitor"],
            },
        }),
        Kind::EventVoided => json!({
            "event": "019d41a0-0000-7000-8000-000000000020", "position": 300, "kind_tag": 30,
        }),
        _ => json!({
            "import": "service-desk-2026", "began_at": 910, "events": 131,
            "files": [{
                "name": "calls.csv", "size_bytes": 18_400,
                "rows": { "read": 120, "taken": 100, "known": 15, "refused": 2, "skipped": 3 },
                "amounts": [{
                    "currency": "CNY", "read": 1_234_500, "taken": 1_200_000, "known": 30_000,
                    "refused": 4_500, "skipped": 0,
                }],
            }],
        }),
    }
}

fn customer_fields(kind: Kind) -> Value {
    match kind {
        Kind::CustomerRegistered => json!({
            "kind": "company", "source": "referral", "referrer": "C-0007",
            "provenance": "spring fair 2026", "currency": "CNY", "owner": "U-07",
            "first_contact_on": "2026-03-20", "verified_by": "U-03",
            "details": {
                "public": [{ "field": "city", "new": "上海" }],
                "marks": [
                    { "field": "name", "new": vec![1u8; 16] },
                    { "field": "bank_account", "new": vec![2u8; 16] },
                ],
                "identity": { "changes": [{ "field": "name", "new": "华东机械有限公司" }] },
                "financial": { "changes": [{ "field": "bank_account", "new": "6222 0000" }] },
            },
        }),
        Kind::CustomerDetailsChanged => json!({
            "provenance": "letter of 2026-03-28",
            "details": {
                "public": [{ "field": "city", "old": "上海", "new": "苏州" }],
                "marks": [{ "field": "phone", "old": vec![3u8; 16], "new": vec![4u8; 16] }],
                "identity": { "changes": [{ "field": "phone", "new": "+862112345678" }] },
            },
        }),
        _ => json!({
            "contact": "P-1", "role": "purchasing", "main": true, "consent": true,
            "identity": { "name": "王丽", "phones": ["+8613800000000"], "emails": [] },
            "private": { "birthday": "1985-05-01", "notes": "喜欢摄影" },
        }),
    }
}

fn interaction_fields(kind: Kind) -> Value {
    match kind {
        Kind::InteractionRecorded => json!({
            "interaction": "I-1", "channel": "visit_out", "direction": "out",
            "started_at": "2026-03-31T00:30:00Z", "ended_at": "2026-03-31T01:15:00Z",
            "contacts": ["P-1"], "staff": ["U-07"], "about": { "opportunity": "O-1" },
            "verdict": "positive", "kind": "return_visit", "cost": cny(12_000),
            "correspondence": { "summary": "讨论交货期", "next_step": "send the quote" },
            "mail": {
                "mail": "M-5d41402abc4b2a76", "thread": "TH-7d793037a0760186", "held": true,
                "content": mail_content(),
            },
        }),
        _ => json!({ "interaction": "I-1", "replaced_by": "I-2" }),
    }
}

fn mail_content() -> Value {
    json!({
        "message_id": "<20260331.1@example.com>", "subject": "交货期",
        "from": [{ "name": "王丽", "address": "wang.li@example.com" }],
        "to": [{ "address": "sales@example.org" }], "text": "请问交货期?",
    })
}

fn mail_fields(kind: Kind) -> Value {
    match kind {
        Kind::MailHeld => json!({
            "mail": "M-5d41402abc4b2a76", "direction": "in", "held_because": "unknown",
            "size_bytes": 4711, "content": mail_content(),
        }),
        _ => json!({
            "mail": "M-5d41402abc4b2a76", "outcome": "assigned", "assigned_to": "C-0173",
            "interaction": "M-5d41402abc4b2a76", "contact": "P-1",
        }),
    }
}

fn task_fields(kind: Kind) -> Value {
    match kind {
        Kind::TaskPlanned => json!({
            "task": "K-1", "due_at": "2026-04-07T09:00:00Z", "assignee": "U-07",
            "priority": "high", "purpose": "quote", "about": { "opportunity": "O-1" },
            "recurrence": "FREQ=YEARLY", "origin": "birthday",
            "text": { "subject": "给王丽寄报价", "notes": "含运费" },
        }),
        Kind::TaskRescheduled => json!({
            "task": "K-1", "from": "2026-04-07T09:00:00Z", "to": "2026-04-09T09:00:00Z",
        }),
        _ => json!({
            "task": "K-1", "outcome": "done", "interaction": "I-1",
            "correspondence": { "summary": "报价已寄出" },
        }),
    }
}

fn opportunity_fields(kind: Kind) -> Value {
    let forecast = |minor| json!({ "amount": cny(minor), "probability_percent": 60 });
    match kind {
        Kind::OpportunityOpened => json!({
            "opportunity": "O-1", "pipeline": "sales", "pipeline_version": 1, "stage": "lead",
            "title": "second line", "amount": cny(50_000_000), "probability_percent": 20,
            "expected_close_on": "2026-06-30", "source": "fair", "owner": "U-07",
            "product": "PUMP-40",
        }),
        Kind::OpportunityStageChanged => json!({
            "opportunity": "O-1", "from": "lead", "to": "proposal", "change": "skip",
        }),
        Kind::OpportunityForecastRevised => json!({
            "opportunity": "O-1", "old": forecast(50_000_000), "new": forecast(45_000_000),
        }),
        Kind::OpportunityWon => json!({
            "opportunity": "O-1", "contract": "HT-2026-031", "amount": cny(45_000_000),
            "closed_on": "2026-03-31",
        }),
        Kind::OpportunityLost => json!({
            "opportunity": "O-2", "lost_reason": "price", "lost_to": "another supplier",
            "closed_on": "2026-03-31",
        }),
        _ => json!({ "opportunity": "O-2", "to_stage": "proposal" }),
    }
}

fn deal_fields(kind: Kind) -> Value {
    match kind {
        Kind::QuoteIssued => json!({
            "quote": "Q-1", "revision": 1, "opportunity": "O-1",
            "lines": [{
                "product": "PUMP-40", "quantity_thousandths": 3000, "unit_price": cny(15_000_000),
                "discount_basis_points": 500, "unit_cost": cny(9_000_000),
            }],
            "total": cny(45_000_000), "valid_until": "2026-04-30", "price_policy_version": 1,
        }),
        Kind::QuoteOutcomeRecorded => {
            json!({ "quote": "Q-1", "revision": 1, "outcome": "accepted" })
        }
        Kind::ContractAmended => json!({
            "contract": "HT-2026-031", "amendment": 1, "amended_on": "2026-03-31",
            "lines": [{
                "line": 1, "product": "PUMP-40", "quantity_change_thousandths": -1000,
                "unit_price": cny(15_000_000), "amount_change": cny(-15_000_000),
            }],
            "total_change": cny(-15_000_000), "tax_change": cny(-1_725_664),
            "instalments": [{
                "number": 2, "trigger": "on_sign_off", "planned_on": "2026-06-30",
                "amount": cny(15_000_000), "old_amount": cny(30_000_000),
            }],
            "approved_by": "U-02",
        }),
        Kind::ContractClosed => json!({
            "contract": "HT-2026-031", "outcome": "completed", "closed_on": "2026-03-31",
            "settlement": "paid in full",
        }),
        _ => json!({
            "contract": "HT-2026-031", "quote": "Q-1", "opportunity": "O-1", "legal_entity": "HQ",
            "lines": [{
                "line": 1, "product": "PUMP-40", "quantity_thousandths": 3000,
                "unit_price": cny(15_000_000), "amount": cny(45_000_000),
                "unit_cost": cny(9_000_000),
            }],
            "total": cny(45_000_000), "tax": cny(5_176_991), "signed_on": "2026-03-31",
            "terms": "30 days", "debt_opened_by": "instalments",
            "instalments": [
                { "number": 1, "trigger": "date", "planned_on": "2026-04-30",
                  "amount": cny(15_000_000) },
                { "number": 2, "trigger": "on_sign_off", "planned_on": "2026-06-30",
                  "amount": cny(30_000_000) },
            ],
            "planned_shipment_on": "2026-05-15",
            "payment": { "net_days": 30, "discount_days": 10, "discount_basis_points": 200 },
            "credit_check": { "exposure": cny(45_000_000), "limit": cny(50_000_000) },
        }),
    }
}

fn shipment_fields(kind: Kind) -> Value {
    let lines = |thousandths| json!([{ "line": 1, "quantity_thousandths": thousandths }]);
    match kind {
        Kind::ShipmentDispatched => json!({
            "shipment": "S-1", "contract": "HT-2026-031", "lines": lines(2000),
            "warehouse": "SH-1", "method": "road", "carrier": "SF", "tracking": "SF1234567890",
        }),
        Kind::ShipmentSigned => json!({
            "shipment": "S-1", "signed_on": "2026-03-31", "shortages": lines(500),
            "signer": { "name": "李强" },
        }),
        _ => json!({ "shipment": "S-1", "lines": lines(1000), "return_reason": "damaged" }),
    }
}

fn receivable_fields(kind: Kind) -> Value {
    let lines = |minor| json!([{ "item": "HT-2026-031/1", "amount": cny(minor) }]);
    match kind {
        Kind::ReceivableOpened => json!({
            "item": "HT-2026-031/1", "source": "contract_instalment", "document_on": "2026-03-31",
            "due_on": "2026-04-30", "amount": cny(15_000_000), "contract": "HT-2026-031",
            "instalment": 1, "legal_entity": "HQ",
        }),
        Kind::InvoiceIssued => json!({
            "invoice": "VAT-000042", "series": "VAT", "series_number": 42,
            "issued_on": "2026-03-31", "total": cny(15_000_000), "tax": cny(1_725_664),
            "contract": "HT-2026-031", "covers": lines(15_000_000),
        }),
        Kind::PaymentReceived => json!({
            "receipt": "R-1", "amount": cny(6_000_000), "value_on": "2026-03-31",
            "bank_account": "ICBC-1",
            "bank_ref": { "bank": "ICBC-1", "statement": "2026-03", "line": "17" },
            "method": "transfer", "legal_entity": "HQ",
            "payer": { "name": "华东机械有限公司", "account": "6222 0000" },
        }),
        Kind::PaymentReversed => json!({
            "receipt": "R-1", "kind": "wrong_customer", "effective_on": "2026-03-31",
        }),
        Kind::CreditApplied => json!({
            "application": "A-1", "credit_kind": "receipt", "credit": "R-1", "method": "fifo",
            "lines": lines(6_000_000), "effective_on": "2026-03-31",
        }),
        Kind::ReceiptIdentified => json!({
            "suspense": "SUS-1", "belongs_to": "C-0173", "receipt": "SUS-1",
            "amount": cny(300_000), "value_on": "2026-03-30", "legal_entity": "HQ",
            "step": "leaves",
        }),
        Kind::BalanceConfirmed => json!({
            "confirmation": "BC-1", "confirmed_on": "2026-02-28", "currency": "CNY",
            "legal_entity": "HQ", "balance": cny(15_000_000), "said": cny(15_000_000),
            "contact": "P-1", "medium": "letter",
        }),
        Kind::ApplicationReversed => json!({
            "application": "A-1", "lines": lines(6_000_000), "effective_on": "2026-03-31",
        }),
        _ => json!({ "item": "HT-2026-031/1", "disputed": true, "dispute": "quality" }),
    }
}

fn credit_fields(kind: Kind) -> Value {
    let item = "HT-2026-031/1";
    match kind {
        Kind::ReceivableRescheduled => json!({
            "item": item, "old_due_on": "2026-04-30", "new_due_on": "2026-05-31",
            "approved_by": "U-02",
        }),
        Kind::InvoiceVoided => json!({
            "invoice": "VAT-000042", "red_letter": "VAT-000043", "series": "VAT",
            "series_number": 43, "voided_on": "2026-03-31", "total": cny(15_000_000),
        }),
        Kind::CreditNoteIssued => json!({
            "credit_note": "CN-1", "issued_on": "2026-03-31", "amount": cny(500_000),
            "against": item, "cause": "price", "approved_by": "U-02", "legal_entity": "HQ",
        }),
        Kind::ReceivableWrittenOff => json!({
            "write_off": "W-1", "item": item, "amount": cny(30_000),
            "written_off_on": "2026-03-31", "approved_by": "U-02", "tolerance": cny(1_000),
        }),
        Kind::RefundPaid => json!({
            "refund": "RF-1", "credit_kind": "receipt", "credit": "R-1", "amount": cny(200_000),
            "value_on": "2026-03-31",
            "bank_ref": { "bank": "ICBC-1", "statement": "2026-03", "line": "29" },
            "method": "transfer", "approved_by": "U-02",
            "payee": { "name": "华东机械有限公司", "account": "6222 0000" },
        }),
        _ => json!({
            "notice": "D-1", "level": 1, "sent_on": "2026-03-31", "channel": "letter",
            "items": [{ "item": "AR-7", "level": 1, "open": cny(120_000), "overdue_days": 16 }],
            "fees": [{ "item": "D-1/fee-1", "amount": cny(2_000), "due_on": "2026-04-14" }],
            "currency": "CNY", "legal_entity": "HQ", "rules_version": 1,
        }),
    }
}

fn agreement_fields(kind: Kind) -> Value {
    match kind {
        Kind::CustomerTermsSet => json!({
            "payment": { "net_days": 30, "discount_days": 10, "discount_basis_points": 200 },
            "price_discount_basis_points": 500, "tax_rule": "VAT13", "currency": "CNY",
            "price_tier": "A", "lead_time_days": 21, "more": "freight included",
            "valid_from": "2026-01-01", "valid_until": "2026-12-31", "approved_by": "U-02",
        }),
        Kind::CreditLimitSet => json!({
            "limit": cny(50_000_000), "valid_until": "2026-12-31", "hold": false,
            "basis": "credit report of March", "approved_by": "U-02",
        }),
        Kind::CustomerInvestmentRecorded => json!({
            "investment": "IV-1", "kind": "gift", "purpose": "keep", "amount": cny(30_000),
            "invested_on": "2026-03-31", "interaction": "I-1",
        }),
        Kind::CommitmentMade => json!({
            "commitment": "PR-1", "by": "customer", "contact": "P-1", "medium": "spoken",
            "risk": "economic", "due_at": "2026-04-15T09:00:00Z", "responsible": "U-07",
            "about": { "contract": "HT-2026-031" }, "interaction": "I-1",
            "items": [{ "item": "HT-2026-031/1", "amount": cny(15_000_000) }],
            "promise": { "what": "四月十五日前付清首期" },
        }),
        _ => json!({
            "commitment": "PR-1", "outcome": "kept", "at": "2026-03-31T01:00:00Z",
            "evidence": "I-2", "feedback": { "summary": "款已到账" },
        }),
    }
}

fn people_fields(kind: Kind) -> Value {
    match kind {
        Kind::RecordAssigned => json!({
            "record": { "family": "customer" }, "from": { "kind": "user", "id": "U-07" },
            "to": { "kind": "user", "id": "U-09" },
            "moved": [{ "family": "opportunity", "id": "O-1" }, { "family": "task", "id": "K-1" }],
            "left_behind": [{ "family": "complaint", "id": "T-1" }], "holds": 41,
        }),
        Kind::RecordShareChanged => json!({
            "record": { "family": "opportunity", "id": "O-1" },
            "grantee": { "kind": "user", "id": "U-11" }, "change": "granted",
            "rights": ["read", "change"], "until": "2026-06-30",
        }),
        Kind::OrgUnitChanged => json!({
            "unit": "EAST", "change": "set", "name": "华东销售部", "parent": "SALES", "head": "U-03",
        }),
        _ => json!({
            "user": "U-07", "from": "active", "to": "left", "unit": "EAST", "capacity": 60,
            "identity": { "name": "王丽", "email": "wang.li@example.com" },
        }),
    }
}

fn complaint_fields(kind: Kind) -> Value {
    match kind {
        Kind::ComplaintReceived => json!({
            "complaint": "T-1", "kind": "complaint", "channel": "phone", "subject": "quality",
            "severity": "severe", "received_at": "2026-03-31T01:00:00Z", "contact": "P-1",
            "contract": "HT-2026-031", "wants": "repair", "service_levels_version": 1,
            "first_response_due_at": "2026-03-31T02:00:00Z",
            "resolution_due_at": "2026-04-02T01:00:00Z",
            "correspondence": { "summary": "泵体漏水" },
        }),
        Kind::ComplaintAcknowledged => json!({
            "complaint": "T-1", "by": "U-07", "at": "2026-03-31T01:20:00Z", "channel": "phone",
            "human": true,
        }),
        Kind::ComplaintAssessed => json!({
            "complaint": "T-1", "severity": "severe", "probability_percent": 30,
            "maturity": "new", "expectation": "basic", "responsible": "U-09", "team": ["U-11"],
        }),
        Kind::ComplaintClockChanged => json!({
            "complaint": "T-1", "change": "pause", "at": "2026-03-31T01:25:00Z",
            "waiting_for": "customer",
        }),
        Kind::ComplaintAnswered => json!({
            "complaint": "T-1", "by": "U-09", "at": "2026-03-31T01:28:00Z",
            "root_cause": "defect", "compensation": cny(50_000), "commitment": "PR-1",
            "correspondence": { "summary": "已更换密封件" },
        }),
        Kind::ComplaintClosed => json!({
            "complaint": "T-1", "agreement": "yes", "closed_by": "U-03",
            "at": "2026-03-31T01:29:00Z",
        }),
        _ => json!({ "complaint": "T-1", "at": "2026-03-31T01:30:00Z" }),
    }
}
