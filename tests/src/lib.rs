//! daybook tests
