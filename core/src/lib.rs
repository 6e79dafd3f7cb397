//! Daybook's core: events, decisions, the log, proofs and the vault.
//!
//! The path of an event: a command is decided ([`decide`]) into events, their personal sections are
//! sealed ([`vault`]), they are encoded ([`codec`]) and hashed ([`proof`]), appended durably
//! ([`store`]) and then acknowledged ([`ledger`]). Files lie beside the log ([`attachment`]). Core knows no view, no HTTP and no screen.

pub mod attachment;
pub mod book;
pub mod codec;
pub mod decide;
pub mod event;
pub mod id;
pub mod ledger;
pub mod money;
pub mod position;
pub mod proof;
pub mod store;
pub mod time;
pub mod vault;
