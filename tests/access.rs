//! Who can connect: modes and groups of socket files, `--allow`, folders, user namespaces.

mod allow;
mod folders;
#[cfg(target_os = "linux")]
mod namespaces;
mod socket_file;

use crate::harness::{Cmd, NOBODY, Running, Scene, is_root};

/// Returns a scene in which every user can run lsock: the folder keeps nobody out. Only root can
/// do so; for other users it is `None`.
#[track_caller]
fn open_scene() -> Option<Scene> {
    is_root().then(|| {
        let scene = Scene::new();
        scene.lsock_for_all();
        scene
    })
}

/// lsock as another user.
fn stranger(scene: &Scene, args: &[&str]) -> Cmd {
    scene.command(scene.path("lsock")).args(args).user(NOBODY)
}

/// Starts a server that sends `secret` to each client.
fn start_secret_server(scene: &Scene, name: &str, options: &[&str]) -> Running {
    scene.listen(name).args(options).args(["-k", "--", "echo", "secret"]).start_listening()
}
