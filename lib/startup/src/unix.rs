pub(crate) mod children;
pub(crate) mod descriptors;
pub(crate) mod escapes;
mod hook;
pub(crate) mod signals;
pub(crate) mod sockets;
pub(crate) mod watched;
