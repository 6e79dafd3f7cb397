//! The rules of every kind, given / when / then.

mod agreements;
mod amendments;
mod assignment;
mod book;
mod confirmations;
mod credits;
mod customer;
mod deals;
mod dunning;
mod exchange;
mod limits;
mod merges;
mod period;
mod receivables;
mod replay;
mod service;
mod tasks;
mod triggers;
