//! How things look to a person. Pure functions: values in, harmless text out.

pub mod approval;
pub mod change;
mod dry_run;
pub mod event;
pub mod markdown;
pub mod session;
pub mod table;
pub mod tool;
pub mod words;

#[cfg(test)]
pub mod samples;
