pub(crate) mod handles;
pub(crate) mod job;
