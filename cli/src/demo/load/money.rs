//! The requests of a load that move money: debts, invoices, payments and their application.

use daybook_core::decide::Command;
use daybook_core::event::Section;
use daybook_core::event::receivable::{
    ApplicationMethod, BankRef, CreditApplied, CreditKind, InvoiceIssued, ItemAmount, ItemSource,
    Payer, PaymentReceived, ReceivableOpened,
};
use daybook_core::id::{Line, TextError};
use daybook_core::time::Timestamp;

use super::requests::{About, Stock};
use crate::demo::calendar::date_of;
use crate::demo::dice::Dice;

impl Stock {
    pub(super) fn payment(
        &mut self,
        dice: &mut Dice,
        about: &mut About<'_>,
    ) -> Result<Command, TextError> {
        let minor = 50_000 + dice.below(750_000);
        about.account.receipts += 1;
        about.account.unapplied = minor;
        self.numbered += 1;
        let line = self.numbered;
        let value_on = date_of(Timestamp(about.at.0 - about.late));
        let name = self.named::<Line>("华东客户 East ", about.place as u64 + 1)?;
        Ok(Command::ReceivePayment(PaymentReceived {
            receipt: self.named("RC-", u64::from(about.account.receipts))?,
            amount: self.money(minor),
            value_on,
            bank_account: None,
            bank_ref: Some(BankRef {
                bank: self.bank.clone(),
                statement: self.named("2025-", line / 1000)?,
                line: self.named("L", line % 1000)?,
            }),
            method: None,
            legal_entity: Some(self.entity.clone()),
            unidentified: false,
            payer: Some(Section::Open(Payer { name, account: None })),
        }))
    }

    pub(super) fn item(
        &mut self,
        dice: &mut Dice,
        about: &mut About<'_>,
    ) -> Result<Command, TextError> {
        let minor = 200_000 + dice.below(1_800_000);
        about.account.items += 1;
        about.account.open = minor;
        about.account.uncovered = minor;
        let document_on = date_of(Timestamp(about.at.0 - about.late));
        Ok(Command::OpenReceivable(ReceivableOpened {
            item: self.named("R-", u64::from(about.account.items))?,
            source: ItemSource::ServiceCharge,
            document_on,
            due_on: Some(document_on.plus_days(30)),
            amount: self.money(minor),
            contract: None,
            instalment: None,
            legal_entity: Some(self.entity.clone()),
        }))
    }

    /// Covers all that is left, or half of it when that is much.
    pub(super) fn invoice(&mut self, about: &mut About<'_>) -> Result<Command, TextError> {
        let left = about.account.uncovered;
        let minor = if left > 1_500_000 { left / 2 } else { left };
        about.account.uncovered -= minor;
        self.numbered += 1;
        let amount = self.money(minor);
        let item = self.named("R-", u64::from(about.account.items))?;
        Ok(Command::IssueInvoice(InvoiceIssued {
            invoice: self.named("F-", self.numbered)?,
            series: None,
            series_number: 0,
            issued_on: date_of(about.at),
            total: amount,
            tax: None,
            contract: None,
            covers: vec![ItemAmount { item, amount }],
        }))
    }

    pub(super) fn application(&mut self, about: &mut About<'_>) -> Result<Command, TextError> {
        let minor = about.account.open.min(about.account.unapplied);
        about.account.open -= minor;
        about.account.unapplied -= minor;
        let item = self.named("R-", u64::from(about.account.items))?;
        Ok(Command::ApplyCredit(CreditApplied {
            application: Default::default(),
            credit_kind: CreditKind::Receipt,
            credit: self.named("RC-", u64::from(about.account.receipts))?,
            method: ApplicationMethod::Explicit,
            lines: vec![ItemAmount { item, amount: self.money(minor) }],
            effective_on: None,
            exchange: Vec::new(),
            approved_by: None,
            for_customer: None,
            paid_by: None,
            legal_entity: None,
        }))
    }
}
