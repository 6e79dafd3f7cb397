//! The rules of every kind, given / when / then.

mod book;
mod customer;
mod deals;
mod receivables;
mod replay;
mod service;
mod tasks;
