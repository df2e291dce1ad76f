//! What results look like: one file for each format.

pub(crate) mod json;
