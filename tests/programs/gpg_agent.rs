//! gpg-agent, whose socket is elsewhere than its clients look for it.

use super::relay;
use crate::harness::{Scene, has, wait_until};
use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
};

const FILE: &str = "assuan:./home/S.gpg-agent";

/// The agent ends by the command `KILLAGENT`, or when its folder is removed.
#[test]
fn an_agent_is_reached_by_the_file_that_redirects_to_its_socket() {
    if !has("gpg-agent") || !has("gpg-connect-agent") {
        return;
    }
    let scene = Scene::new();
    DirBuilder::new().mode(0o700).create(scene.path("home")).unwrap();
    let socket = scene.path("agent.sock");
    let content = format!("%Assuan%\nsocket={}\n", socket.display());
    fs::write(scene.path("home/S.gpg-agent"), content).unwrap();
    let _relay = relay(&scene, "./relayed.sock", FILE);
    for target in [FILE, "assuan:./agent.sock"] {
        // It keeps stderr open.
        let script = "gpg-agent --homedir ./home --daemon > log 2>&1 || cat log >&2";
        scene.command("sh").args(["-c", script]).run().silent();
        let direct = scene.lsock(["relay", "-", target]).input("GETINFO pid\nBYE\n").run();
        let direct = direct.silent().prints("OK Pleased to meet you");
        let client = scene.command("gpg-connect-agent").arg("--raw-socket");
        let client = client.arg(scene.path("relayed.sock")).args(["GETINFO pid", "/bye"]);
        let relayed = client.run().ok().prints("OK");
        direct.prints(relayed.stdout_text().trim_end());
        scene.lsock(["relay", "-", target]).input("KILLAGENT\n").run().silent();
        wait_until("the agent has ended", || !socket.exists());
    }
    let relay = scene.lsock(["relay", "-", FILE]).run().fails(3);
    relay.says(", which redirects to ").says("hint: its server has ended: `gpgconf --launch");
}
