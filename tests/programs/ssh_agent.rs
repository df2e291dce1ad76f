//! ssh-agent.

use super::{relay, wait_for_server};
use crate::harness::{Scene, has};
use std::fs;

#[test]
fn keys_are_added_listed_used_and_removed_through_a_relay() {
    if !has("ssh-agent") || !has("ssh-add") || !has("ssh-keygen") {
        return;
    }
    let scene = Scene::new();
    let keygen = |args: &[&str]| scene.command("ssh-keygen").args(args);
    keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "key of a test", "-f", "key"]).run().ok();

    let mut agent = scene.command("ssh-agent").args(["-D", "-a", "./agent.sock"]).start();
    wait_for_server(&scene, &mut agent, "agent.sock");
    let _relay = relay(&scene, "./relayed.sock", "./agent.sock");
    let add = |socket: &str, args: &[&str]| {
        scene.command("ssh-add").args(args).env("SSH_AUTH_SOCK", socket).run()
    };

    add("./relayed.sock", &["key"]).ok();
    let listed = add("./relayed.sock", &["-l"]).ok().prints("SHA256:").prints("key of a test");
    // Without the relay.
    add("./agent.sock", &["-l"]).ok().output(&listed.stdout);

    // Only the agent has the private key now.
    fs::remove_file(scene.path("key")).unwrap();
    keygen(&["-q", "-Y", "sign", "-f", "key.pub", "-n", "test"])
        .env("SSH_AUTH_SOCK", "./relayed.sock")
        .input("to be signed")
        .stdout(fs::File::create(scene.path("signature")).unwrap())
        .run()
        .ok();
    let check = |text: &str| {
        keygen(&["-Y", "check-novalidate", "-n", "test", "-s", "signature"]).input(text).run()
    };
    check("to be signed").ok();
    check("something else").code(255);

    add("./relayed.sock", &["-D"]).ok();
    add("./relayed.sock", &["-l"]).code(1).prints("no identities");
}
