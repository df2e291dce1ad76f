//! User namespaces: all users that a namespace does not map have the same number in it.

use crate::harness::{Running, Scene, has};

/// Returns whether user namespaces can be created, which some systems forbid.
fn has_user_namespaces(scene: &Scene, map: &str) -> bool {
    has("unshare") && scene.command("unshare").args([map, "true"]).run().status.success()
}

/// Starts a server in a new user namespace that sends `secret` to each client.
fn start_server(scene: &Scene, map: &str, options: &[&str]) -> Running {
    let lsock = env!("CARGO_BIN_EXE_lsock");
    let unshare = scene.command("unshare").args([map, lsock, "listen", "-v", scene.word()]);
    unshare.args(options).args(["-k", "--", "echo", "secret"]).start_listening()
}

#[test]
fn a_user_whom_the_namespace_does_not_map_is_refused() {
    let Some(scene) = Scene::for_all_users() else { return };
    if !has_user_namespaces(&scene, "--user") {
        return;
    }
    for args in [&[][..], &["--allow", "uid:65534"], &["--allow", "gid:65534"]] {
        let server = start_server(&scene, "--user", args);
        for client in [scene.stranger(&["connect", scene.word()]), scene.connect(scene.word())] {
            let client = client.start();
            let pid = client.pid();
            client.end().output("");
            server.wait_for_message(&format!(
                "refused a client that may not connect: pid {pid} uid 65534"
            ));
        }
        let outcome = server.terminate();
        let warns = outcome.stderr.contains("uid 65534 can be any user");
        assert_eq!(warns, !args.contains(&"gid:65534"), "{}", outcome.report());
    }
    let server = start_server(&scene, "--user", &["--allow", "any"]);
    scene.stranger(&["connect", scene.word()]).run().silent().output("secret\n");
    server.terminate().does_not_say("any user");
}

#[test]
fn only_the_user_whom_the_namespace_maps_is_served() {
    let Some(scene) = Scene::for_all_users() else { return };
    if !has_user_namespaces(&scene, "--map-root-user") {
        return;
    }
    let server = start_server(&scene, "--map-root-user", &[]);
    scene.stranger(&["connect", scene.word()]).run().output("");
    server.wait_for_message("uid 65534");
    scene.connect(scene.word()).run().silent().output("secret\n");
    server.terminate().does_not_say("any user");
}

/// Outside of such a namespace 65534 is a user like any other.
#[test]
fn user_65534_is_served_by_its_own_server() {
    let Some(scene) = Scene::for_all_users() else { return };
    let listen = ["listen", "-v", scene.word(), "-k", "--", "echo", "secret"];
    let server = scene.stranger(&listen).start_listening();
    scene.stranger(&["connect", scene.word()]).run().silent().output("secret\n");
    server.terminate().does_not_say("any user");
}
