//! One example of every kind, for reference pages and pinned bytes.
