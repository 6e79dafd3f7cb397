//! The rules of every kind, given / when / then.

mod amendments;
mod book;
mod credits;
mod customer;
mod deals;
mod dunning;
mod receivables;
mod replay;
mod service;
mod tasks;
