//! `--allow`, and the rule that holds without it.

use super::start_secret_server;
use crate::harness::{NOBODY, Scene, has};

#[cfg(target_os = "linux")]
#[test]
fn another_user_is_refused_on_an_abstract_name_by_default() {
    let Some(scene) = Scene::for_all_users() else { return };
    let server = start_secret_server(&scene, scene.word(), &[]);
    for _ in 0..3 {
        let client = scene.stranger(&["connect", scene.word()]).start();
        let pid = client.pid();
        client.end().output("");
        server.wait_for_message(&format!(
            "warning: refused a client that may not connect: pid {pid} uid {NOBODY} gid {NOBODY}"
        ));
    }
    scene.connect(scene.word()).run().silent().output("secret\n");
}

/// A server that waits for a connection only as a trigger closes it like one that refuses the
/// client. So it is a failure only for a client that has not sent its end of file.
#[cfg(target_os = "linux")]
#[test]
fn a_refused_client_fails_unless_it_has_sent_the_end_of_file() {
    const SERVER: &str = "hint: the server runs as uid 0 and may not serve this user";
    let Some(scene) = Scene::for_all_users() else { return };
    let _server = start_secret_server(&scene, scene.word(), &[]);
    let why = format!(
        "cannot exchange data with @{}: the server closed the connection before anything was sent or \
         received",
        scene.word()
    );
    for args in [&[][..], &["--send-only"], &["--recv-only"], &["--idle-timeout", "1m"]] {
        let client = scene.stranger(&["connect", scene.word()]).args(args).open_input();
        client.run().fails(1).says(&why).says(SERVER).output("");
    }
    scene.stranger(&["relay", "-", scene.word()]).open_input().run().fails(1).says(&why);
    scene.stranger(&["connect", scene.word()]).input("").run().silent().output("");
    // With `--allow` our own user can be refused, too.
    let _server = start_secret_server(&scene, "./s", &["--allow", "user:nobody"]);
    scene.connect("./s").open_input().run().fails(1).does_not_say("hint: the server runs");
    scene.connect("./s").arg("--recv-only").run().silent().output("");
}

#[cfg(target_os = "linux")]
#[test]
fn a_listener_of_one_client_waits_for_an_allowed_one() {
    let Some(scene) = Scene::for_all_users() else { return };
    let server = scene.listen(scene.word()).input("secret").start_listening();
    scene.stranger(&["connect", scene.word()]).run().output("");
    scene.connect(scene.word()).run().silent().output("secret");
    server.end().ok().says("refused a client");
}

#[test]
fn another_user_is_served_if_mode_and_rules_allow() {
    let Some(scene) = Scene::for_all_users() else { return };
    let nobody = format!("uid:{NOBODY}");
    let nogroup = format!("gid:{NOBODY}");
    let cases = [
        ("./s", &["--mode", "666"][..]),
        ("./s", &["--mode", "666", "--allow", "any"]),
        ("./s", &["--mode", "666", "--allow", &nobody]),
        ("./s", &["--mode", "666", "--allow", &nogroup]),
        ("./s", &["--mode", "660", "--group", "65534"]),
        (scene.word(), &["--allow", "any"]),
        (scene.word(), &["--allow", &nobody]),
        (scene.word(), &["--allow", "user:nobody"]),
        (scene.word(), &["--allow", "uid:0", "--allow", &nogroup]),
    ];
    for (name, args) in cases {
        if !cfg!(target_os = "linux") && name == scene.word() {
            continue;
        }
        let server = scene.listen(name).args(args).input("shared").start_listening();
        scene.stranger(&["connect", name]).run().silent().output("shared");
        server.end().ok().does_not_say("refused");
    }
}

/// With `--allow` root is refused too unless a rule names it.
#[test]
fn only_named_users_and_groups_are_served() {
    let Some(scene) = Scene::for_all_users() else { return };
    let nobody = format!("uid:{NOBODY}");
    for (rule, root_is_allowed) in [
        (&*nobody, false),
        ("uid:0", true),
        ("user:root", true),
        ("gid:0", true),
        ("group:root", true),
    ] {
        let server = start_secret_server(&scene, "./s", &["--mode", "666", "--allow", rule]);
        let connect = |as_root: bool| match as_root {
            true => scene.connect("./s").run(),
            false => scene.stranger(&["connect", "./s"]).run(),
        };
        connect(!root_is_allowed).output("");
        let refused = if root_is_allowed { NOBODY } else { 0 };
        server.wait_for_message(&format!("uid {refused}"));
        connect(root_is_allowed).silent().output("secret\n");
    }
}

#[test]
fn a_rule_for_a_user_whom_the_mode_keeps_out_is_a_warning() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(["--allow", "uid:65534"]).start_listening();
    server.wait_for_message("warning: --allow names users whom the mode");
}

/// `SO_PEERGROUPS` returns all of them only if the buffer is large enough.
#[cfg(target_os = "linux")]
#[test]
fn a_rule_for_the_last_of_many_groups_matches() {
    if !has("setpriv") {
        return;
    }
    let Some(scene) = Scene::for_all_users() else { return };
    for count in [16, 17, 100, 3000] {
        let groups: Vec<_> = (1..=count).map(|index| (70_000 + index).to_string()).collect();
        let last = format!("gid:{}", 70_000 + count);
        let args = ["--mode", "666", "--allow", &last];
        let server = scene.listen("./s").args(args).input("shared").start_listening();
        let client = scene.command("setpriv").args(["--reuid=65534", "--regid=65534"]);
        let client = client.arg(format!("--groups={}", groups.join(",")));
        client.args(["./lsock", "connect", "./s"]).run().silent().output("shared");
        server.end().ok().does_not_say("refused");
    }
}
