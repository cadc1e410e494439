//! The demo identity provider.
