pub(crate) mod children;
pub(crate) mod descriptors;
mod hook;
pub(crate) mod signals;
