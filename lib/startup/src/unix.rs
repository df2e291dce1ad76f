pub(crate) mod children;
pub(crate) mod descriptors;
pub(crate) mod escapes;
mod hook;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) mod runtime;
pub(crate) mod signals;
pub(crate) mod sockets;
pub(crate) mod watched;
