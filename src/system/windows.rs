pub(crate) mod command;
pub(crate) mod input;
pub(crate) mod listening;
pub(crate) mod output;
pub(crate) mod readiness;
pub(crate) mod signals;
pub(crate) mod waiting;
