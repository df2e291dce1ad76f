//! What results look like: one file for each format.

mod columns;
pub(crate) mod csv;
pub(super) mod environment;
pub(crate) mod json;
pub(crate) mod markdown;
mod number;
pub(crate) mod table;
