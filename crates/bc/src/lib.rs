//! bc
