//! daybook server
