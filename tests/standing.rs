//! Messages about a name that cannot be used say what stands there.

use crate::harness::{NOBODY, Outcome, Scene, is_root};
#[cfg(target_os = "linux")]
use crate::harness::{has_mount_namespaces, has_network_namespaces};
use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{PermissionsExt, symlink},
        net::{UnixDatagram, UnixListener},
    },
};

/// Fails unless connecting fails with exactly this reason.
#[track_caller]
fn connect(scene: &Scene, name: &str, reason: &str) -> Outcome {
    let outcome = scene.connect(name).run().fails(3).output("");
    outcome.says(&format!("lsock: cannot connect to {name}: {reason}\n"))
}

/// Fails unless listening fails with exactly this reason.
#[track_caller]
fn listen(scene: &Scene, name: &str, reason: &str) -> Outcome {
    let outcome = scene.lsock(["listen", name]).run().fails(3).output("");
    outcome.says(&format!("lsock: cannot bind {name}: {reason}\n"))
}

/// Returns a scene with files that are not sockets, and their kinds.
fn files() -> (Scene, [(&'static str, &'static str); 4]) {
    let scene = Scene::new();
    fs::write(scene.path("file"), "").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    scene.command("mkfifo").arg("fifo").run().ok();
    let kinds = [
        ("./file", "a regular file"),
        ("./folder", "a folder"),
        ("./fifo", "a fifo"),
        ("/dev/null", "a device"),
    ];
    (scene, kinds)
}

#[test]
fn connecting_to_a_file_that_is_not_a_socket_says_what_it_is() {
    let (scene, kinds) = files();
    for (name, kind) in kinds {
        connect(&scene, name, &format!("it is {kind}, not a socket")).does_not_say("hint: ");
    }
    for target in ["file", "folder"] {
        let link = format!("./link-to-{target}");
        symlink(target, scene.path(&link)).unwrap();
        let kind = kinds.iter().find(|(name, _)| name.ends_with(target)).unwrap().1;
        let reason = format!("it is a symbolic link to ./{target}, {kind}, not a socket");
        connect(&scene, &link, &reason);
    }
}

#[test]
fn the_messages_for_a_stale_socket_file_and_for_a_missing_one_differ() {
    let scene = Scene::new();
    drop(scene.host("./stale"));
    let reason = "connection refused: it is a socket file that nobody listens on, neither for \
                  connections nor for datagrams";
    connect(&scene, "./stale", reason).says("`lsock listen ./stale` takes the name over");
    connect(&scene, "./missing", "no such file or directory").says("`lsock listen ./missing`");
    // What a shell would split is quoted.
    connect(&scene, "./not here", "no such file or directory").says("`lsock listen './not here'`");
    symlink("stale", scene.path("link")).unwrap();
    let reason = "connection refused: it is a symbolic link to ./stale, \
                  a socket file that nobody listens on, neither for connections nor for datagrams";
    connect(&scene, "./link", reason).does_not_say("lsock listen");
}

#[test]
fn a_socket_of_another_type_is_named_with_the_program_that_uses_it() {
    let scene = Scene::new();
    let receiver = UnixDatagram::bind(scene.path("datagram")).unwrap();
    let reason = "it is a datagram socket, not a stream socket";
    connect(&scene, "./datagram", reason).says("hint: `socat - UNIX-SENDTO:./datagram`");
    // The same if it is connected, and so refuses others.
    let peer = UnixDatagram::bind(scene.path("peer")).unwrap();
    receiver.connect(scene.path("peer")).unwrap();
    connect(&scene, "./datagram", reason);
    // Nothing was sent to it.
    receiver.set_nonblocking(true).unwrap();
    let received = receiver.recv(&mut [0; 9]).map_err(|error| error.kind());
    assert_eq!(received, Err(std::io::ErrorKind::WouldBlock));
    drop(peer);
}

#[cfg(target_os = "linux")]
#[test]
fn a_seqpacket_socket_and_a_socket_that_does_not_listen_are_named() {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, socket};
    let scene = Scene::new();
    let bound = |name: &str, kind| {
        let socket = socket(AddressFamily::UNIX, kind, None).unwrap();
        bind(&socket, &SocketAddrUnix::new(scene.path(name)).unwrap()).unwrap();
        socket
    };
    let _packets = bound("packets", SocketType::SEQPACKET);
    let _early = bound("early", SocketType::STREAM);
    let outcome = connect(&scene, "./packets", "it is a seqpacket socket, not a stream socket");
    outcome.says("hint: `socat - UNIX-CONNECT:./packets,type=5`");
    let reason = "connection refused: it is a socket that does not accept connections";
    connect(&scene, "./early", reason).says("hint: --wait");
}

#[test]
fn the_part_of_a_path_that_cannot_be_followed_is_named() {
    let scene = Scene::new();
    fs::write(scene.path("file"), "").unwrap();
    let _server = UnixListener::bind(scene.path("s")).unwrap();
    for (link, target) in
        [("dangling", "nowhere"), ("one", "other"), ("other", "one"), ("deep", "gone/x")]
    {
        symlink(target, scene.path(link)).unwrap();
    }
    let absent = "no such file or directory: ";
    for (name, reason) in [
        ("./gone/a/s", format!("{absent}./gone does not exist")),
        ("./file/s", "./file is a regular file, not a folder".to_owned()),
        ("./s/x", "./s is a socket, not a folder".to_owned()),
        ("./one/s", "the symbolic link ./one leads back to itself".to_owned()),
        (
            "./dangling/s",
            format!(
                "{absent}the folder ./dangling is a symbolic link to ./nowhere, \
                 which does not exist"
            ),
        ),
        ("./deep/s", format!("{absent}./gone does not exist")),
    ] {
        connect(&scene, name, &reason);
        listen(&scene, name, &reason).says("hint: ");
    }
    for (name, reason) in [
        ("./dangling", format!("{absent}it is a symbolic link to ./nowhere, which does not exist")),
        ("./one", "the symbolic link ./one leads back to itself".to_owned()),
        ("./deep", format!("{absent}it is a symbolic link to ./gone/x, and ./gone does not exist")),
    ] {
        connect(&scene, name, &reason);
    }
    listen(&scene, "./dangling", "it is a symbolic link to nowhere, not a socket itself");
}

/// The system looks for a folder then (`path_resolution(7)`).
#[test]
fn a_slash_at_the_end_of_a_name_is_the_cause() {
    let scene = Scene::new();
    fs::write(scene.path("file"), "").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    let _server = UnixListener::bind(scene.path("s")).unwrap();
    symlink("s", scene.path("link")).unwrap();
    symlink("nowhere", scene.path("dangling")).unwrap();
    let absent = "no such file or directory: ";
    for (name, reason, socket) in [
        ("./s/", "./s is a socket, not a folder".to_owned(), Some("./s")),
        ("./s//", "./s is a socket, not a folder".to_owned(), Some("./s")),
        ("./s/.", "./s is a socket, not a folder".to_owned(), Some("./s")),
        ("./link/", "./link is a socket, not a folder".to_owned(), Some("./link")),
        ("./file/", "./file is a regular file, not a folder".to_owned(), Some("./file")),
        ("./none/", format!("{absent}./none does not exist"), Some("./none")),
        ("./gone/s/", format!("{absent}./gone does not exist"), Some("./gone/s")),
        (
            "./dangling/",
            format!(
                "{absent}the folder ./dangling is a symbolic link to ./nowhere, \
                 which does not exist"
            ),
            Some("./dangling"),
        ),
        ("./folder/", "it is a folder, not a socket".to_owned(), None),
    ] {
        let outcomes = [
            connect(&scene, name, &reason),
            scene
                .lsock(["tap", name])
                .run()
                .fails(3)
                .says(&format!("cannot tap {name}: {reason}\n")),
        ];
        for outcome in outcomes {
            match socket {
                Some(socket) => outcome.says(&format!(
                    "hint: the slash at the end makes it the path of a folder: use {socket}\n"
                )),
                None => outcome.does_not_say("hint: "),
            };
        }
        if let Some(socket) = socket {
            listen(&scene, name, &reason).says(&format!(": use {socket}\n"));
        }
    }
}

#[test]
fn missing_permissions_are_named_with_owner_and_mode() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    scene.lsock_for_all();
    let _server = UnixListener::bind(scene.path("s")).unwrap();
    fs::set_permissions(scene.path("s"), Permissions::from_mode(0o640)).unwrap();
    fs::create_dir(scene.path("closed")).unwrap();
    fs::set_permissions(scene.path("closed"), Permissions::from_mode(0o700)).unwrap();
    fs::write(scene.path("file"), "").unwrap();
    let closed = "permission denied: this user may not search the folder ./closed \
                  (owner root, mode 0700)";
    for (command, name, reason) in [
        (
            "connect to",
            "./s",
            "permission denied: it is a socket file that this user may not write to \
             (owner root, mode 0640)",
        ),
        ("connect to", "./file", "it is a regular file, not a socket"),
        ("connect to", "./closed/s", closed),
        ("bind", "./closed/s", closed),
        (
            "bind",
            "./new",
            "permission denied: this user may not write to the folder . (owner root, mode 0755)",
        ),
    ] {
        let word = if command == "bind" { "listen" } else { "connect" };
        let lsock = scene.command(scene.path("lsock")).args([word, name]).user(NOBODY);
        lsock.run().fails(3).says(&format!("cannot {command} {name}: {reason}\n"));
    }
}

#[test]
fn the_log_of_a_relay_says_what_stands_at_its_target() {
    let (scene, kinds) = files();
    for (target, kind) in kinds {
        let relay = scene.relay("./s", target).start_listening();
        assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
        relay.wait_for_message(&format!(
            "warning: connection 1: cannot connect to {target}: it is {kind}, not a socket\n"
        ));
        relay.terminate();
        let relay = scene.lsock(["relay", "./s", target, "--once", "--wait=50ms"]).start();
        assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
        let outcome = relay.end();
        outcome.says(&format!("it is {kind}, not a socket")).does_not_say("hint: ");
        let bench = scene.bench(["latency", "--to", target]).run().fails(3).output("");
        bench.says(&format!("cannot connect to {target}: it is {kind}, not a socket\n"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_of_another_network_namespace_is_found_there() {
    let scene = Scene::new();
    if !is_root() || !has_network_namespaces() {
        return;
    }
    let server = scene.command("unshare").args(["--net", env!("CARGO_BIN_EXE_lsock"), "listen"]);
    let server = server.args(["-v", scene.word(), "-k", "--", "cat"]).start_listening();
    let (name, pid) = (format!("@{}", scene.word()), server.pid());
    let reason = format!(
        "connection refused: nobody listens in this network namespace, but in that of pid {pid} \
         (lsock)"
    );
    connect(&scene, &name, &reason).says(&format!("hint: `nsenter -t {pid} -n lsock connect"));
    let waiting = scene.connect(&name).arg("--wait=20ms").run().fails(4);
    waiting.says(&reason).says("hint: `nsenter");
    server.terminate();
    connect(&scene, &name, "connection refused").says("hint: nobody listens there");
}

#[cfg(target_os = "linux")]
#[test]
fn a_mount_over_the_name_and_a_read_only_file_system_are_named() {
    let scene = Scene::new();
    drop(scene.host("./s"));
    fs::create_dir(scene.path("fixed")).unwrap();
    // The mounts are those of a namespace that ends with the script.
    let script = r#"
        mount --bind s s && mount -t tmpfs -o ro none fixed || exit
        for args in ./s "./s --replace" ./fixed/s; do "$0" listen $args; echo $? >&2; done"#;
    let lsock = env!("CARGO_BIN_EXE_lsock");
    if !has_mount_namespaces() {
        return;
    }
    let unshare = scene.command("unshare").args(["--map-root-user", "--mount", "sh", "-c"]);
    let outcome = unshare.args([script, lsock]).run();
    let busy = "lsock: cannot bind ./s: resource busy: it is a mount point, which cannot be \
                replaced\nhint: choose another name, or unmount it first\n3\n";
    let fixed = "lsock: cannot bind ./fixed/s: the file system of the folder ./fixed is \
                 read-only\nhint: choose a folder that you can write to\n3\n";
    assert_eq!(outcome.stderr, [busy, busy, fixed].concat(), "{}", outcome.report());
}

#[test]
fn a_literal_tilde_and_a_path_that_is_too_long_get_the_path_that_works() {
    let scene = Scene::new();
    let home = "hint: the shell does not replace `~` after `fs:`: write \"$HOME/a\"";
    scene.connect("fs:~/a").run().fails(3).says("fs:~/a: no such file or directory").says(home);
    scene.connect("~/a").run().fails(2).says("~");
    let folder = scene.path("d".repeat(99).as_str());
    fs::create_dir(&folder).unwrap();
    let path = folder.join("a");
    let outcome = scene.connect(path.to_str().unwrap()).run().fails(2);
    let length = path.as_os_str().len();
    let hint = format!(
        "hint: `cd {}` first; there the name is ./a, which is short enough\n",
        folder.display()
    );
    outcome.says(&format!("it is {length} bytes long, and at most ")).says(&hint);
    let script = format!(r#"cd {} && "$0" name --probe=20s -q ./a"#, folder.display());
    let probe = scene.shell(&script).start();
    let server = format!(r#"cd {} && exec "$0" listen -v ./a"#, folder.display());
    let server = scene.shell(&server).start_listening();
    probe.end().silent();
    server.end().ok();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_backlog_is_named_with_its_figures() {
    let scene = Scene::new();
    let (abstract_host, word) = scene.host(&format!("@{}", scene.word()));
    let (file_host, file) = scene.host("./s");
    for (host, name, backlog) in [(abstract_host, word, 0), (file_host, file, 2)] {
        host.backlog(backlog);
        let waiting: Vec<_> = (0..=backlog).map(|_| scene.wire(&name)).collect();
        let full = backlog + 1;
        let reason = format!("no answer within 50ms: its backlog is full ({full}/{backlog})\n");
        for option in ["--connect-timeout=50ms", "--wait=50ms"] {
            let outcome = scene.connect(&name).arg(option).run().fails(4).output("");
            outcome
                .says(&format!("lsock: cannot connect to {name}: {reason}"))
                .says(&format!("server more time; `lsock name {name}` shows it and its clients\n"));
        }
        drop(waiting);
    }
}

/// Only a person is told that connecting waits, because the time limit for that takes system calls.
#[cfg(target_os = "linux")]
#[test]
fn a_person_is_told_that_connecting_waits_for_a_full_backlog() {
    use crate::harness::has;
    if !has("script") {
        return;
    }
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    host.backlog(0);
    let first = scene.wire(&name);
    let lsock = env!("CARGO_BIN_EXE_lsock");
    let line = format!("{lsock} connect --send-only --timeout 30s ./s </dev/null");
    let client = scene.command("script").args(["-qec", &line, "/dev/null"]).start();
    let waiting = b"lsock: waiting: the backlog of ./s is full (1/0)";
    let is_told = client
        .stdout
        .wait_for(|so_far| so_far.windows(waiting.len()).any(|found| found == waiting));
    assert!(is_told, "{}", client.report());
    drop(host.accept());
    drop(host.accept());
    client.end().ok();
    drop(first);
}
