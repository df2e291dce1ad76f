//! `--exit-idle`: a server that nobody has been connected to for a while ends, and no client is lost.

use crate::harness::{Cmd, Host, Scene, Wire};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    env,
    io::{self, ErrorKind},
    net::TcpStream,
    os::{
        fd::{AsFd, BorrowedFd},
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixStream},
    },
    sync::atomic::{
        AtomicBool, AtomicUsize,
        Ordering::{Relaxed, SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

/// Number of starts of a service; `LSOCK_TEST_STARTS` sets another one.
fn starts() -> usize {
    env::var("LSOCK_TEST_STARTS").map_or(20, |count| count.parse().unwrap())
}

/// Number of clients that connect at the same time.
const CLIENTS: usize = 2;

/// Connects again and again, with pauses of up to 20 ms, until it is over. Fails if a client that was
/// accepted by the system gets no answer. Returns the number of clients.
fn connect_until(is_over: &AtomicBool, connect: impl Fn() -> io::Result<Wire> + Sync) -> usize {
    static PAUSES: AtomicUsize = AtomicUsize::new(0);
    let client = || {
        let mut clients = 0;
        while !is_over.load(SeqCst) {
            match connect() {
                Ok(wire) => {
                    let mut wire = wire.with_deadline();
                    wire.send("hi");
                    wire.end();
                    wire.expect_rest("hi");
                    clients += 1;
                }
                // Nobody listens now.
                Err(error) => assert!(
                    [ErrorKind::NotFound, ErrorKind::ConnectionRefused].contains(&error.kind()),
                    "{error}"
                ),
            }
            let pause = PAUSES.fetch_add(1, Relaxed) * 7390 % 20_000;
            thread::sleep(Duration::from_micros(pause as u64));
        }
        clients
    };
    thread::scope(|scope| {
        let clients = [(); CLIENTS].map(|()| scope.spawn(client));
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    })
}

/// Ends the clients also if the test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn a_server_ends_when_nobody_has_been_connected_for_the_time() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let servers: [&[&str]; 3] = [
        &["listen", "-v", "./s", "-k", "--exit-idle", "100ms", "--", "cat"],
        &["relay", "-v", "./s", &target, "--exit-idle", "100ms"],
        &["relay", "-v", "tcp:localhost:0", "exec:cat", "--exit-idle", "100ms"],
    ];
    for server in servers {
        // Without any client the time runs from the start.
        let start = Instant::now();
        let outcome = scene.lsock(server).run().ok();
        assert!(start.elapsed() >= Duration::from_millis(100));
        outcome.says("nobody was connected for 100ms: no further client is accepted");
        assert_eq!(scene.files(), ["t"]);
        let mut server = scene.lsock(server).start_listening();
        let name = server.listen_name();
        let [mut first, mut second] = [(); 2].map(|()| scene.served_wire(&name));
        first.end();
        first.expect_rest("");
        // A client that does nothing is connected.
        thread::sleep(Duration::from_millis(300));
        assert!(server.is_running());
        second.send("hi");
        second.end();
        second.expect_rest("hi");
        server.end().ok();
        assert_eq!(scene.files(), ["t"]);
    }
}

fn descriptor(host: &Host) -> BorrowedFd<'_> {
    match host {
        Host::Local(socket) => socket.as_fd(),
        Host::Tcp(socket) => socket.as_fd(),
        Host::Word(_) => panic!("no descriptor"),
    }
}

/// Starts the service when a client waits, as a service manager does.
fn manage(sockets: [&Host; 2], service: impl Fn() -> Cmd) {
    for _ in 0..starts() {
        let mut fds = sockets.map(|host| PollFd::from_borrowed_fd(descriptor(host), PollFlags::IN));
        let limit = Timespec { tv_sec: 20, tv_nsec: 0 };
        assert!(poll(&mut fds, Some(&limit)).unwrap() > 0, "no client");
        service().run().ok();
    }
}

/// Each client gets its answer, whether its service runs, ends or starts meanwhile.
#[test]
fn no_client_of_an_inherited_socket_is_lost() {
    let scene = Scene::new();
    let (local, _) = scene.host("./l");
    let (port, address) = scene.host("tcp:127.0.0.1:0");
    let (_serving, target) = scene.echo("./t");
    let script = r#"exec 3<&0 4<&1 0</dev/null 1>&2
        LISTEN_PID=$$ LISTEN_FDS=2 exec "$0" relay "$@""#;
    let service = |args: &[&str]| {
        let [local, port] =
            [&local, &port].map(|host| descriptor(host).try_clone_to_owned().unwrap());
        scene.shell(script).args(args).stdin(local).stdout(port)
    };
    let (path, address) = (scene.path("l"), address.strip_prefix("tcp:").unwrap());
    let (is_over, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let connect = || match count.fetch_add(1, Relaxed) % 2 {
        0 => UnixStream::connect(&path).map(Wire::Local),
        _ => TcpStream::connect(address).map(Wire::Tcp),
    };
    let clients = thread::scope(|scope| {
        let clients = scope.spawn(|| connect_until(&is_over, connect));
        let over = Over(&is_over);
        manage([&local, &port], || service(&["fd:*", &target, "--exit-idle", "1ms"]));
        // The last ones are served until there are none.
        let server = service(&["fd:*", &target, "-v"]).start_listening();
        drop(over);
        let clients = clients.join().unwrap();
        server.terminate();
        clients
    });
    eprintln!("{clients} clients of {} starts", starts());
    assert!(clients >= starts());
}

/// A client is refused or served, but never accepted and then closed.
#[test]
fn no_client_of_an_own_name_is_lost() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let path = SocketAddr::from_pathname(scene.path("s")).unwrap();
    let word = SocketAddr::from_abstract_name(scene.word()).unwrap();
    for (name, address) in [("./s", path), (scene.word(), word)] {
        let is_over = AtomicBool::new(false);
        let connect = || UnixStream::connect_addr(&address).map(Wire::Local);
        let clients = thread::scope(|scope| {
            let clients = scope.spawn(|| connect_until(&is_over, connect));
            let over = Over(&is_over);
            for _ in 0..starts() {
                scene.lsock(["relay", name, &target, "--exit-idle", "1ms"]).run().ok();
            }
            drop(over);
            clients.join().unwrap()
        });
        eprintln!("{clients} clients of {} starts of {name}", starts());
        assert!(clients > 0);
        assert_eq!(scene.files(), ["t"]);
    }
}

#[test]
fn it_goes_with_any_number_of_clients() {
    let scene = Scene::new();
    scene.expect_wrong_usage(
        &["listen", "./s", "--exit-idle", "1s"],
        &[
            (&[], "--exit-idle goes with --keep-open and a command"),
            (&["-k"], "--exit-idle goes with --keep-open and a command"),
            (&["-k", "--merge"], "--exit-idle goes with --keep-open and a command"),
            (&["--", "cat"], "--exit-idle goes with --keep-open and a command"),
        ],
    );
    scene.expect_wrong_usage(
        &["relay", "--exit-idle"],
        &[
            (&["1s", "./s", "./t", "--once"], "not with --once"),
            (&["1s", "-", "./t"], "--exit-idle is not available: stdin and stdout are the one"),
            (&["1", "./s", "./t"], "a number with a unit"),
        ],
    );
    let explained = scene.lsock(["relay", "./s", "./t", "--exit-idle", "90s", "--explain"]).run();
    explained.ok().prints("end          after 1m 30s without clients");
}
