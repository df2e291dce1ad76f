//! A name that a live server holds, and `--replace`.

use super::{expect_server, start_server};
use crate::harness::{Scene, wait_for_file};
use std::{
    fs,
    os::unix::net::UnixStream,
    sync::mpsc::{TryRecvError, channel},
    thread,
    time::Duration,
};

#[test]
fn the_error_names_the_process_that_holds_the_name() {
    let scene = Scene::new();
    for name in ["./s", scene.word()] {
        let server = scene.listen(name).args(["-k", "--", "cat"]).start_listening();
        let holder = format!("pid {} (lsock)", server.pid());
        let outcome = scene.lsock(["listen", name]).run().fails(3).says(&holder).says("hint: ");
        match name.strip_prefix("./") {
            Some(_) => outcome.says("--replace"),
            None => outcome.says("choose another name"),
        };
        scene.connect(name).input("hi").run().silent().output("hi");
    }
    assert_eq!(scene.files(), ["s"]);
}

/// The replaced server completes its connections, and leaves the file of its successor.
#[test]
fn replace_takes_the_name_from_a_live_server() {
    let scene = Scene::new();
    let servers: [(&[&str], &[&str]); 2] = [
        (&["listen", "./s", "-k", "--", "cat"], &["listen", "./s", "-k", "--", "printf", "new"]),
        (&["relay", "./s", "exec:cat"], &["relay", "./s", "exec:printf new"]),
    ];
    for (old, new) in servers {
        let old = scene.lsock([&old[..1], &["-v"], &old[1..]].concat()).start_listening();
        let mut client = scene.wire("./s");
        client.send("one ");
        client.expect("one ");
        let new = [&new[..1], &["-v", "--replace"], &new[1..]].concat();
        let new = scene.lsock(new).start_listening();
        expect_server(&scene, "new");
        assert_eq!(scene.files(), ["s"]);
        client.expect_echo("two ");
        drop(client);
        old.terminate();
        expect_server(&scene, "new");
        new.terminate();
        scene.expect_empty();
    }
}

#[test]
fn a_successor_that_ends_first_removes_its_file() {
    let scene = Scene::new();
    let _old = start_server(&scene, &[], "x");
    start_server(&scene, &["--replace"], "y").terminate();
    scene.expect_empty();
}

#[test]
fn replace_leaves_no_moment_without_a_listener() {
    let scene = Scene::new();
    let mut servers = vec![start_server(&scene, &[], "x")];
    let path = scene.path("s");
    let (stop, is_stopped) = channel::<()>();
    let client = thread::spawn(move || {
        let mut count = 0;
        while is_stopped.try_recv() == Err(TryRecvError::Empty) {
            drop(UnixStream::connect(&path).expect("somebody listens at every moment"));
            count += 1;
            // The servers have to keep up.
            thread::sleep(Duration::from_micros(300));
        }
        count
    });
    for _ in 0..10 {
        servers.push(start_server(&scene, &["--replace"], "x"));
    }
    drop(stop);
    assert!(client.join().unwrap() > 10);
}

#[test]
fn replace_without_a_live_server_listens() {
    let scene = Scene::new();
    // The second server finds the stale file of the first.
    for word in ["x", "y"] {
        let server = start_server(&scene, &["--replace"], word);
        expect_server(&scene, word);
        server.kill();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn options_of_socket_files_are_refused_for_abstract_names() {
    let scene = Scene::new();
    for args in [&["--replace"][..], &["--mode", "660"], &["--group", "0"]] {
        let outcome = scene.lsock(["listen", scene.word()]).args(args).run();
        outcome.fails(2).says(args[0]).says("abstract");
    }
}

#[test]
fn a_single_client_listener_removes_the_name_with_the_first_client() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").open_input().start_listening();
    let mut client = scene.connect("./s").open_input().start();
    client.send("x");
    server.wait_for_output("x");
    scene.expect_empty();
    scene.connect("./s").run().fails(3);
    server.close_input();
    client.close_input();
    server.end().ok();
    client.end().silent();
}

#[test]
fn a_socket_file_in_another_folder_is_removed_at_the_end() {
    let scene = Scene::new();
    fs::create_dir(scene.path("deep")).unwrap();
    let server = scene.lsock(["listen", "./deep/s", "-k", "--", "cat"]).start();
    wait_for_file(&scene.path("deep/s"));
    let client = scene.connect("./deep/../deep/s").arg("--wait=30s").input("hi");
    client.run().silent().output("hi");
    server.terminate();
    assert!(!scene.path("deep/s").exists());
}
