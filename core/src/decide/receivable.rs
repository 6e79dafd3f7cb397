//! Decisions of the receivable family.

use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::receivable::{
    ApplicationReversed, CreditApplied, InvoiceIssued, PaymentReceived, PaymentReversed,
    ReceivableDisputeChanged, ReceivableOpened,
};

/// What decisions know of one item.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {}

/// What decisions know of one invoice.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoice {}

/// What decisions know of one receipt.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {}

impl Receipt {
    /// Tells whether the receipt counts and stands for this line of a bank statement.
    pub fn holds(&self, _line: &crate::event::receivable::BankRef) -> bool {
        false
    }
}

/// What decisions know of one application.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {}

impl Decide for ReceivableOpened {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for InvoiceIssued {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for PaymentReceived {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for PaymentReversed {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for CreditApplied {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for ApplicationReversed {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for ReceivableDisputeChanged {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
