//! Names that are in use: by a live server, by nobody any more, by something that is not
//! a socket; and that a name goes when its server does, and only then.

use crate::harness::{Running, Scene, signal, wait_for_file, wait_until};
use rustix::process::Signal;
use std::{
    fs,
    io::{Read, Write},
    os::unix::{
        fs::{FileTypeExt, MetadataExt, symlink},
        net::{UnixListener, UnixStream},
    },
    path::Path,
};

/// The socket file that a killed server leaves.
fn leave_stale_file(scene: &Scene) {
    drop(UnixListener::bind(scene.path("s")).unwrap());
    assert!(is_socket(&scene.path("s")));
}

fn is_socket(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_socket())
}

/// Whether the server behind the file is this one.
fn is_served_by(scene: &Scene, word: &str) -> bool {
    let mut answer = String::new();
    scene.wire("./s").read_to_string(&mut answer).unwrap();
    answer == word
}

/// Answers every client with a word.
fn start_server(scene: &Scene, args: &[&str], word: &str) -> Running {
    scene.listen("./s").args(args).args(["-k", "--", "printf", word]).start_listening()
}

#[test]
fn a_live_name_is_refused_and_its_holder_named() {
    let scene = Scene::new();
    for name in ["./s", scene.word()] {
        let server = scene.listen(name).args(["-k", "--", "cat"]).start_listening();
        let holder = format!("pid {} (lsock)", server.pid());
        let outcome = scene.lsock(["listen", name]).run().fails(3).says(&holder).says("hint: ");
        match name.strip_prefix("./") {
            Some(_) => outcome.says("--replace"),
            None => outcome.says("choose another name"),
        };
        // The server goes on.
        scene.connect(name).input("hi").run().silent().output("hi");
    }
    assert_eq!(scene.files(), ["s"]);
}

#[test]
fn a_stale_file_is_taken_over() {
    let scene = Scene::new();
    leave_stale_file(&scene);
    let server = scene.listen("./s").input("here").start_listening();
    scene.connect("./s").run().silent().output("here");
    server.end().ok();
    scene.expect_empty();
}

#[test]
fn a_killed_server_leaves_a_file_that_the_next_one_takes_over() {
    let scene = Scene::new();
    for word in ["first", "second", "third"] {
        let server = start_server(&scene, &[], word);
        assert!(is_served_by(&scene, word));
        server.kill();
        assert_eq!(scene.files(), ["s"]);
    }
    scene.connect("./s").run().fails(3).says("refused");
}

#[test]
fn nothing_but_the_socket_is_left_in_the_folder() {
    let scene = Scene::new();
    leave_stale_file(&scene);
    let server = start_server(&scene, &[], "x");
    assert_eq!(scene.files(), ["s"]);
    let successor = start_server(&scene, &["--replace"], "y");
    assert_eq!(scene.files(), ["s"]);
    successor.terminate();
    scene.expect_empty();
    drop(server);
}

#[test]
fn replace_takes_a_live_name_over() {
    let scene = Scene::new();
    let old = scene.listen("./s").args(["-k", "--", "cat"]).start_listening();
    let mut client = scene.wire("./s");
    client.send("one ");
    let mut echo = [0; 4];
    client.read_exact(&mut echo).unwrap();

    let new = start_server(&scene, &["--replace"], "new");
    assert!(is_served_by(&scene, "new"));
    // The old connection goes on.
    client.send("two ");
    client.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"two ");
    drop(client);
    // The old server goes, and the new one's file stays.
    old.terminate();
    assert!(is_served_by(&scene, "new"));
    new.terminate();
    scene.expect_empty();
}

/// There is no moment in which clients find nothing.
#[test]
fn replace_leaves_no_gap() {
    let scene = Scene::new();
    let mut servers = vec![start_server(&scene, &[], "x")];
    let path = scene.path("s");
    let (stop, is_stopped) = std::sync::mpsc::channel::<()>();
    let client = std::thread::spawn(move || {
        let mut count = 0;
        while is_stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            drop(UnixStream::connect(&path).expect("somebody listens at every moment"));
            count += 1;
            std::thread::sleep(std::time::Duration::from_micros(300));
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
fn replace_works_without_anything_to_replace() {
    let scene = Scene::new();
    let server = start_server(&scene, &["--replace"], "x");
    assert!(is_served_by(&scene, "x"));
    server.kill();
    let server = start_server(&scene, &["--replace"], "y");
    assert!(is_served_by(&scene, "y"));
    drop(server);
}

#[cfg(target_os = "linux")]
#[test]
fn what_only_files_have_is_refused_for_abstract_names() {
    let scene = Scene::new();
    for args in [&["--replace"][..], &["--mode", "660"], &["--group", "0"]] {
        let outcome = scene.lsock(["listen", scene.word()]).args(args).run();
        outcome.fails(2).says(args[0]).says("abstract");
    }
}

#[test]
fn what_is_not_a_socket_is_never_touched() {
    let scene = Scene::new();
    fs::write(scene.path("file"), "precious").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    fs::write(scene.path("folder/inside"), "precious").unwrap();
    let made = std::process::Command::new("mkfifo").arg(scene.path("fifo")).status();
    assert!(made.unwrap().success());
    // A link to a socket that would be taken over: it is the link that stands there.
    drop(UnixListener::bind(scene.path("stale")).unwrap());
    symlink("stale", scene.path("link")).unwrap();
    symlink("missing", scene.path("dangling")).unwrap();
    let before = scene.files();
    let cases = [
        ("./file", "a regular file"),
        ("./folder", "a folder"),
        ("./fifo", "a fifo"),
        ("./link", "a symbolic link"),
        ("./dangling", "a symbolic link"),
    ];
    for (name, what) in cases {
        let inode = |name: &str| scene.path(name).symlink_metadata().unwrap().ino();
        let old = inode(name);
        for args in [&[][..], &["--replace"]] {
            scene.lsock(["listen", name]).args(args).run().fails(3).says(what).says("hint: ");
            assert_eq!(inode(name), old);
        }
    }
    assert_eq!(scene.files(), before);
    assert_eq!(fs::read_to_string(scene.path("file")).unwrap(), "precious");
    assert_eq!(fs::read_link(scene.path("link")).unwrap(), Path::new("stale"));
}

#[test]
fn folders_that_are_missing_or_none() {
    let scene = Scene::new();
    fs::write(scene.path("file"), "").unwrap();
    let outcome = scene.lsock(["listen", "./missing/s"]).run().fails(3);
    outcome.says("./missing/s").says("hint: the folder of a socket file has to exist");
    scene.lsock(["listen", "./file/s"]).run().fails(3).says("./file/s").says("hint: ");
    assert_eq!(scene.files(), ["file"]);
}

/// The file is removed, and by then another server has one of that name.
#[test]
fn a_foreign_file_under_the_name_is_left() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(["-k", "--", "cat"]).start_listening();
    let mut client = scene.wire("./s");
    fs::remove_file(scene.path("s")).unwrap();
    let _foreign = UnixListener::bind(scene.path("s")).unwrap();
    // Who is connected is served.
    client.send("still");
    client.end();
    client.expect_rest("still");
    server.terminate();
    assert!(is_socket(&scene.path("s")));

    fs::remove_file(scene.path("s")).unwrap();
    let server = scene.listen("./s").start_listening();
    fs::remove_file(scene.path("s")).unwrap();
    fs::write(scene.path("s"), "precious").unwrap();
    server.terminate();
    assert_eq!(fs::read_to_string(scene.path("s")).unwrap(), "precious");
}

#[test]
fn a_name_that_was_removed_is_no_error() {
    let scene = Scene::new();
    let server = scene.listen("./s").open_input().start_listening();
    let client = scene.wire("./s");
    wait_until("the name has gone", || scene.files().is_empty());
    drop(client);
    server.end().ok();
}

/// Without -k the name goes with the first client: nobody else would be served.
#[test]
fn the_name_goes_with_the_only_client() {
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

/// However many start at once: one serves, and the others say who does.
#[test]
fn of_ten_that_start_at_once_one_serves() {
    let scene = Scene::new();
    for round in 0..3 {
        // A stale file makes it harder.
        if round > 0 {
            leave_stale_file(&scene);
        }
        let mut starters: Vec<_> =
            (0..10).map(|_| scene.listen("./s").args(["-k", "--", "cat"]).start()).collect();
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

/// Any process that may read the folder can hold its lock. A free name does not wait for it,
/// and for a stale one the error says who holds it.
#[test]
fn a_lock_that_somebody_holds_is_named() {
    let scene = Scene::new();
    let lock = fs::File::open(scene.folder()).unwrap();
    lock.lock().unwrap();
    let server = start_server(&scene, &[], "x");
    assert!(is_served_by(&scene, "x"));
    server.kill();
    // Ten seconds later:
    let outcome = scene.lsock(["listen", "./s"]).run().fails(3).says("hint: ");
    let holder = if cfg!(target_os = "linux") {
        format!("another process holds the lock of the folder .: pid {} (", std::process::id())
    } else {
        "another process holds the lock of the folder .".to_owned()
    };
    outcome.says(&holder);
    assert_eq!(scene.files(), ["s"]);
    drop(lock);
    assert!({
        let _server = start_server(&scene, &[], "y");
        is_served_by(&scene, "y")
    });
}

/// A lock file of earlier versions, or whatever a stranger has put there.
#[test]
fn files_of_others_beside_the_socket_are_nobodys_business() {
    let scene = Scene::new();
    let made = std::process::Command::new("mkfifo").arg(scene.path(".s.claim")).status();
    assert!(made.unwrap().success());
    leave_stale_file(&scene);
    let server = start_server(&scene, &[], "x");
    assert!(is_served_by(&scene, "x"));
    let successor = start_server(&scene, &["--replace"], "y");
    assert!(is_served_by(&scene, "y"));
    for server in [server, successor] {
        server.terminate();
    }
    assert_eq!(scene.files(), [".s.claim"]);
}

#[test]
fn of_ten_that_replace_each_other_one_is_left_and_it_serves() {
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

#[test]
fn the_folder_may_be_another_than_the_one_that_it_was_started_in() {
    let scene = Scene::new();
    fs::create_dir(scene.path("deep")).unwrap();
    let server = scene.lsock(["listen", "./deep/s", "-k", "--", "cat"]).start();
    wait_for_file(&scene.path("deep/s"));
    scene.connect("./deep/../deep/s").arg("--wait=30s").input("hi").run().silent().output("hi");
    server.terminate();
    assert!(!scene.path("deep/s").exists());
}
