//! Servers that start at the same moment.

use super::leave_stale_file;
use crate::harness::{Running, Scene, wait_until};

const SERVERS: [&[&str]; 2] =
    [&["listen", "./s", "-k", "--", "cat"], &["relay", "./s", "exec:cat"]];

#[test]
fn one_of_many_servers_gets_the_name_and_the_others_fail() {
    let scene = Scene::new();
    for args in SERVERS {
        for (count, is_stale) in [(2, false), (2, true), (10, false), (10, true), (10, true)] {
            if is_stale {
                leave_stale_file(&scene);
            }
            let mut starters: Vec<_> = (0..count).map(|_| scene.lsock(args).start()).collect();
            wait_until("all but one have ended", || {
                starters.iter_mut().map(Running::is_running).filter(|runs| *runs).count() <= 1
            });
            let position = starters.iter_mut().position(Running::is_running).expect("one serves");
            let server = starters.remove(position);
            for starter in starters {
                starter.end().fails(3).says("a live server holds the name");
            }
            scene.connect("./s").input("hi").run().silent().output("hi");
            assert_eq!(scene.files(), ["s"]);
            server.terminate();
            scene.expect_empty();
        }
    }
}

#[test]
fn one_of_many_servers_that_replace_each_other_is_left() {
    let scene = Scene::new();
    let args = ["--replace", "-k", "--", "cat"];
    let starters: Vec<_> = (0..10).map(|_| scene.listen("./s").args(args).start()).collect();
    for starter in &starters {
        starter.wait_for_message("listening on ");
    }
    scene.connect("./s").input("hi").run().silent().output("hi");
    assert_eq!(scene.files(), ["s"]);
    for starter in starters {
        starter.terminate();
    }
    scene.expect_empty();
}
