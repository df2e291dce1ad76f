//! Reports of results: one file per format.

pub(super) mod columns;
pub(crate) mod csv;
pub(super) mod environment;
pub(crate) mod json;
pub(crate) mod markdown;
pub(super) mod number;
pub(crate) mod outputs;
pub(crate) mod plot;
pub(crate) mod table;
