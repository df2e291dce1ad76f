//! `connect` to servers that do not exist, start later, or have a full backlog.

use crate::harness::Scene;
use std::time::{Duration, Instant};

#[test]
fn an_absent_server_is_status_3_at_once() {
    let scene = Scene::new();
    let outcome =
        scene.connect(scene.word()).args(["--connect-timeout", "30s"]).run().fails(3).output("");
    outcome.says(scene.word()).says("hint: nobody listens there").says("--wait");
}

#[test]
fn with_wait_a_server_can_start_later() {
    let scene = Scene::new();
    for wait in ["--wait", "--wait=40s"] {
        let client = scene.connect(scene.word()).args(["-vv", wait]).input("early").start();
        client.wait_for_message("trying again");
        scene.listen(scene.word()).input("late").run().ok().output("early");
        client.end().ok().output("late");
    }
}

#[test]
fn wait_is_limited_by_its_value() {
    let scene = Scene::new();
    for (wait, least) in [("--wait=0s", 0), ("--wait=1ms", 1), ("--wait=400ms", 400)] {
        let start = Instant::now();
        scene.connect(scene.word()).arg(wait).run().fails(4).says("--wait").says("hint: ");
        let time = start.elapsed();
        assert!(time >= Duration::from_millis(least), "{wait}: after {time:?}");
        assert!(time < Duration::from_secs(20), "{wait}: after {time:?}");
    }
}

#[test]
fn wait_does_not_take_the_name_for_its_value() {
    let scene = Scene::new();
    let client = scene.lsock(["connect", "-vv", "--wait", scene.word()]).start();
    client.wait_for_message("trying again");
    client.kill();
}

// The BSDs and macOS refuse at once if the backlog is full.
#[cfg(target_os = "linux")]
mod full_backlog {
    use super::*;
    use crate::harness::{Host, Wire};

    /// Returns a listening socket and the client that fills its backlog.
    fn busy_server(scene: &Scene) -> (Host, Wire) {
        let (host, name) = scene.host("./busy");
        host.backlog(0);
        (host, scene.wire(&name))
    }

    #[test]
    fn a_busy_server_is_status_4_after_the_timeout() {
        let scene = Scene::new();
        let _busy = busy_server(&scene);
        let cases = [
            (&["--connect-timeout", "400ms"][..], "--connect-timeout"),
            (&["--wait=400ms"], "--wait"),
            (&["--wait=400ms", "--connect-timeout", "1m"], "--wait"),
            (&["--wait", "--connect-timeout", "400ms"], "--connect-timeout"),
        ];
        for (args, option) in cases {
            let start = Instant::now();
            let outcome = scene.connect("./busy").args(args).run().fails(4);
            let time = start.elapsed();
            outcome.says("./busy").says(&format!("hint: a longer {option}"));
            assert!(time >= Duration::from_millis(400), "{args:?}: after {time:?}");
            assert!(time < Duration::from_secs(20), "{args:?}: after {time:?}");
        }
    }

    #[test]
    fn a_busy_server_can_accept_later() {
        let scene = Scene::new();
        let (host, _queued) = busy_server(&scene);
        let client =
            scene.connect("./busy").args(["--connect-timeout", "40s"]).input("at last").start();
        drop(host.accept());
        host.accept().expect_rest("at last");
        client.end().silent();
    }
}
