//! What people see: tables that fit the terminal, times, amounts, and JSON for programs.

pub mod json;
pub mod table;
pub mod text;

pub use json::print_json;
pub use table::{Align, Column, Table};
pub use text::{Lang, amounts, grouped, instant};
