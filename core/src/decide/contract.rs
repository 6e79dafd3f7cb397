//! Decisions of the contract family: E35. Amendments and the end are in `amendment`.

use super::limit::check_credit;
use super::opportunity::Opportunity;
use super::quote::Quote;
use super::{Context, Decide, Draft, Rejection, terms};
use crate::event::contract::{ContractSigned, DebtOpenedBy, Trigger};
use crate::event::receivable::{ItemSource, ReceivableOpened};
use crate::event::terms::PaymentTerms;
use crate::event::{Body, Envelope};
use crate::id::{ContractNumber, ItemId, LegalEntity};
use crate::money::{Currency, Money};
use crate::time::Date;

/// What decisions know of one line of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub line: u32,
    /// How much was contracted, in thousandths of a unit.
    pub contracted: i64,
    /// How much was shipped and not returned, in thousandths of a unit.
    pub shipped: i64,
    /// How much ever left, in thousandths of a unit.
    pub dispatched: i64,
    /// How much ever arrived, in thousandths of a unit.
    pub arrived: i64,
}

/// What decisions know of one instalment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedReceipt {
    /// Its number.
    pub number: u32,
    /// How much, in minor units.
    pub minor: i64,
    /// What makes it due.
    pub trigger: Trigger,
    /// The planned day.
    pub planned_on: Date,
    /// Whether its debt is open.
    pub opened: bool,
}

/// What decisions know of one contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// The currency of its amounts.
    pub currency: Currency,
    /// The total, amendments included, in minor units.
    pub total: i64,
    /// The tax in it, in minor units.
    pub tax: i64,
    /// The day it was signed or last amended.
    pub last_on: Date,
    /// How many amendments it has.
    pub amendments: u32,
    /// The day it ended.
    pub closed_on: Option<Date>,
    /// Which document opens its debt.
    pub debt_opened_by: DebtOpenedBy,
    /// Our entity that signed.
    pub legal_entity: Option<LegalEntity>,
    /// How much of its debts was opened, in minor units.
    pub opened: i64,
    /// When its debts are due, as signed.
    pub payment: Option<PaymentTerms>,
    /// The lines.
    pub lines: Vec<Line>,
    /// The instalments.
    pub instalments: Vec<PlannedReceipt>,
}

impl Contract {
    /// Refuses a contract that has ended.
    pub(super) fn require_open(&self, number: &ContractNumber) -> Result<(), Rejection> {
        match self.closed_on {
            Some(on) => {
                Err(Rejection::ContractAlreadyClosed { contract: number.as_str().into(), on })
            }
            None => Ok(()),
        }
    }

    /// Returns a line.
    pub fn line(&self, number: u32) -> Option<&Line> {
        self.lines.iter().find(|line| line.line == number)
    }
}

impl Decide for ContractSigned {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.legal_entity.is_none() {
            self.legal_entity = context.book.legal_entities.first().cloned();
        }
        if self.payment.is_none() {
            self.payment = terms::in_force(state, self.signed_on).cloned();
        }
        let (check, deal) = (&mut self.credit_check, Some(self.total));
        check_credit(check, deal, self.signed_on, context, state)
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Contract>(state, "contract", self.contract.as_str())?;
        context.refuse_future_day("the day of signing", self.signed_on)?;
        context.require_legal_entity(self.legal_entity.as_ref())?;
        if let Some(quote) = &self.quote {
            super::require::<Quote>(state, "quote", quote.as_str())?;
        }
        if let Some(id) = &self.opportunity {
            super::require::<Opportunity>(state, "opportunity", id.as_str())?;
        }
        super::require_positive("the total", self.total)?;
        super::require_tax_within(self.tax, self.total)?;
        self.check_lines()?;
        self.check_instalments()
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let lines = self.lines.iter().map(|line| Line {
            line: line.line,
            contracted: line.quantity_thousandths,
            shipped: 0,
            dispatched: 0,
            arrived: 0,
        });
        let instalments = self.instalments.iter().map(|instalment| PlannedReceipt {
            number: instalment.number,
            minor: instalment.amount.minor,
            trigger: instalment.trigger,
            planned_on: instalment.planned_on,
            opened: false,
        });
        let contract = Contract {
            currency: self.total.currency,
            total: self.total.minor,
            tax: self.tax.map_or(0, |tax| tax.minor),
            last_on: self.signed_on,
            amendments: 0,
            closed_on: None,
            debt_opened_by: self.debt_opened_by,
            legal_entity: self.legal_entity.clone(),
            opened: 0,
            payment: self.payment.clone(),
            lines: lines.collect(),
            instalments: instalments.collect(),
        };
        state.insert(self.contract.as_str(), contract);
    }

    /// Opens the debt of every instalment that is due by date (rule R02); the others are opened
    /// when their trigger happens.
    fn consequences(
        &self,
        _context: &Context<'_>,
        _state: &Draft<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        if self.debt_opened_by != DebtOpenedBy::Instalments {
            return Ok(Vec::new());
        }
        let by_date = self.instalments.iter().filter(|i| i.trigger == Trigger::Date);
        let opened = by_date.map(|instalment| ReceivableOpened {
            item: ItemId::default(),
            source: ItemSource::ContractInstalment,
            document_on: self.signed_on,
            due_on: Some(instalment.planned_on),
            amount: instalment.amount,
            contract: Some(self.contract.clone()),
            instalment: Some(instalment.number),
            legal_entity: self.legal_entity.clone(),
        });
        Ok(opened.map(Body::from).collect())
    }
}

impl ContractSigned {
    fn check_lines(&self) -> Result<(), Rejection> {
        super::refuse_repeated("line", self.lines.iter().map(|line| line.line))?;
        for line in &self.lines {
            if line.quantity_thousandths <= 0 {
                let thousandths = line.quantity_thousandths;
                return Err(Rejection::QuantityNotPositive { line: line.line, thousandths });
            }
            super::require_currency("the unit price", self.total.currency, line.unit_price)?;
            super::require_currency("the line's amount", self.total.currency, line.amount)?;
            super::refuse_negative("the unit price", Some(&line.unit_price))?;
            super::refuse_negative("the line's amount", Some(&line.amount))?;
            super::refuse_negative("the unit cost", line.unit_cost.as_ref())?;
        }
        Ok(())
    }

    /// Checks that the instalments add up to the total (I-38).
    fn check_instalments(&self) -> Result<(), Rejection> {
        let contract = || self.contract.as_str().into();
        if self.instalments.is_empty() {
            return match self.debt_opened_by {
                DebtOpenedBy::Invoices => Ok(()),
                DebtOpenedBy::Instalments => {
                    Err(Rejection::InstalmentsMissing { contract: contract() })
                }
            };
        }
        super::refuse_repeated("instalment", self.instalments.iter().map(|i| i.number))?;
        let mut sum = Money::new(0, self.total.currency);
        for instalment in &self.instalments {
            super::require_positive("the instalment", instalment.amount)?;
            super::require_currency("the instalment", self.total.currency, instalment.amount)?;
            sum = sum
                .checked_add(instalment.amount)
                .map_err(|_| Rejection::SumTooLarge { what: "the sum of the instalments" })?;
            if self.debt_opened_by == DebtOpenedBy::Instalments
                && instalment.trigger == Trigger::Date
                && instalment.planned_on < self.signed_on
            {
                return Err(Rejection::DueBeforeDocument {
                    due_on: instalment.planned_on,
                    document_on: self.signed_on,
                });
            }
        }
        if sum == self.total {
            return Ok(());
        }
        Err(Rejection::InstalmentSum { contract: contract(), sum, total: self.total })
    }
}
