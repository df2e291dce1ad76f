//! Who can connect: modes and groups of socket files, `--allow`, folders, user namespaces.

mod allow;
mod folders;
#[cfg(target_os = "linux")]
mod namespaces;
mod socket_file;

use crate::harness::{Running, Scene};

/// Starts a server that sends `secret` to each client.
fn start_secret_server(scene: &Scene, name: &str, options: &[&str]) -> Running {
    scene.listen(name).args(options).args(["-k", "--", "echo", "secret"]).start_listening()
}
