//! daybook projections
