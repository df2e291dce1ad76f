//! Windows: standard handles that are missing, the same, or overlapped.

use crate::harness::{Cmd, Collected, DEADLINE, Host, Running, Scene, Wire, data};
use local_socket::{Stream, prelude::*};
use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    os::windows::io::{
        AsHandle, AsRawSocket, BorrowedHandle, FromRawHandle, OwnedHandle, RawHandle,
    },
    ptr, thread,
};
use windows_sys::Win32::{
    Foundation::{GENERIC_READ, GENERIC_WRITE, INVALID_HANDLE_VALUE},
    Storage::FileSystem::{CreateFileW, FILE_FLAG_OVERLAPPED, OPEN_EXISTING, PIPE_ACCESS_DUPLEX},
    System::Pipes::{CreateNamedPipeW, PIPE_TYPE_BYTE},
};

/// Both ends of a connection that a parent makes, one of which is its child's stdin and stdout.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Pair {
    MessagePipe,
    BytePipe,
    /// The child's handle is not overlapped: a read that waits blocks a write.
    SynchronousPipe,
    Socket,
}

impl Pair {
    const ALL: [Self; 4] = [Self::MessagePipe, Self::BytePipe, Self::SynchronousPipe, Self::Socket];

    /// Creates the parent's end and the child's.
    fn create(self, scene: &Scene) -> (Wire, OwnedHandle) {
        let (ours, theirs) = match self {
            Self::MessagePipe => {
                let (ours, theirs) = Stream::pair().unwrap();
                (Wire::Word(ours), theirs.into())
            }
            Self::BytePipe | Self::SynchronousPipe => {
                let flags = if self == Self::BytePipe { FILE_FLAG_OVERLAPPED } else { 0 };
                let (ours, theirs) = byte_pipe(scene.word(), flags);
                (Wire::Word(ours.try_into().unwrap()), theirs)
            }
            Self::Socket => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let (theirs, _) = listener.accept().unwrap();
                // SAFETY: a socket is a handle; the duplicate outlives it.
                let socket = unsafe {
                    let socket = theirs.as_raw_socket() as usize;
                    BorrowedHandle::borrow_raw(ptr::without_provenance_mut(socket))
                };
                (Wire::Tcp(ours), socket.try_clone_to_owned().unwrap())
            }
        };
        (ours.with_deadline(), theirs)
    }
}

/// Creates both ends of a byte-type pipe. The first one is overlapped, the other one has these flags.
fn byte_pipe(word: &str, flags: u32) -> (OwnedHandle, OwnedHandle) {
    let path: Vec<u16> = format!(r"\\.\pipe\{word}-bytes\0").encode_utf16().collect();
    let own = |handle: RawHandle| {
        assert_ne!(handle, INVALID_HANDLE_VALUE, "{}", io::Error::last_os_error());
        // SAFETY: the handle is new and has no other owner.
        unsafe { OwnedHandle::from_raw_handle(handle) }
    };
    let path = path.as_ptr();
    // SAFETY: the path ends with a NUL.
    unsafe {
        let mode = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED;
        let ours =
            CreateNamedPipeW(path, mode, PIPE_TYPE_BYTE, 1, 1 << 16, 1 << 16, 0, ptr::null());
        let (access, none) = (GENERIC_READ | GENERIC_WRITE, ptr::null_mut());
        let theirs = CreateFileW(path, access, 0, ptr::null(), OPEN_EXISTING, flags, none);
        (own(ours), own(theirs))
    }
}

/// Starts lsock with one handle as stdin and stdout, as servers like inetd do.
#[track_caller]
fn start_on(cmd: Cmd, handle: OwnedHandle) -> Running {
    cmd.stdin(handle.try_clone().unwrap()).stdout(handle).start()
}

/// Starts lsock as [`start_on`] does, and accepts its connection.
#[track_caller]
fn accept(host: &Host, cmd: Cmd, handle: OwnedHandle) -> (Running, Wire) {
    let lsock = start_on(cmd, handle);
    (lsock, host.accept())
}

#[test]
fn one_handle_as_stdin_and_stdout_moves_bytes_in_both_directions() {
    const SIZE: usize = 1 << 20;
    for pair in Pair::ALL {
        let scene = Scene::new();
        let (mut parent, theirs) = pair.create(&scene);
        let (host, _) = scene.host(scene.word());
        let (lsock, mut server) = accept(&host, scene.connect(scene.word()), theirs);
        let (there, back) = (data(SIZE), data(SIZE + 7));
        let (mut sends, mut answers) = (parent.another(), server.another());
        // Wine loses the completion of a write whose thread has exited: `flush` waits for it.
        let send = |wire: &mut Wire, bytes: &[u8]| {
            wire.send(bytes);
            wire.flush().unwrap();
        };
        thread::scope(|scope| {
            scope.spawn(|| send(&mut sends, &there));
            scope.spawn(|| send(&mut answers, &back));
            scope.spawn(|| server.expect(&there));
            parent.expect(&back);
        });
        // The input is idle and its read is pending, while the output is written.
        server.send("answer");
        parent.expect("answer");
        drop((sends, parent));
        server.rest_whatever_happens();
        drop((answers, server));
        lsock.end().code(0);
    }
}

#[test]
fn the_end_of_each_direction_passes_through_one_handle() {
    // Commands, and whether their peer is a client.
    let commands = [
        ("connect NAME", false),
        ("relay - NAME", false),
        ("listen NAME", true),
        ("relay NAME - --once", true),
    ];
    for (pair, (command, serves)) in
        [Pair::MessagePipe, Pair::Socket].into_iter().flat_map(|pair| commands.map(|it| (pair, it)))
    {
        let scene = Scene::new();
        let (mut parent, theirs) = pair.create(&scene);
        let command = command.replace("NAME", scene.word());
        let lsock = scene.lsock(command.split(' '));
        let (lsock, mut peer) = if serves {
            (start_on(lsock, theirs), scene.wire(scene.word()))
        } else {
            let (host, _) = scene.host(scene.word());
            accept(&host, lsock, theirs)
        };
        peer.send("bye");
        peer.end();
        parent.expect_rest("bye");
        parent.send("more");
        peer.expect("more");
        parent.end();
        peer.expect_rest("");
        drop(peer);
        lsock.end().silent();
    }
}

#[test]
fn a_parent_that_closes_early_ends_the_transfer() {
    for pair in Pair::ALL {
        let scene = Scene::new();
        let (mut parent, theirs) = pair.create(&scene);
        let (host, _) = scene.host(scene.word());
        let (lsock, mut server) = accept(&host, scene.connect(scene.word()), theirs);
        let sends = thread::spawn(move || while server.write_all(&[0; 1 << 16]).is_ok() {});
        parent.read_exact(&mut [0; 100_000]).unwrap();
        drop(parent);
        lsock.end().silent();
        sends.join().unwrap();
    }
}

/// A service, or the child of a program without a console.
#[test]
fn a_missing_stdin_is_an_empty_input() {
    let scene = Scene::new();
    let (stdout, output) = io::pipe().unwrap();
    let (stderr, errors) = io::pipe().unwrap();
    let (stdout, stderr) = (Collected::from(stdout), Collected::from(stderr));
    let (host, _) = scene.host(scene.word());
    let handles = [None, Some(output.as_handle()), Some(errors.as_handle())];
    let lsock = scene.spawn_lsock(&["connect", scene.word()], handles);
    drop((output, errors));
    let mut server = host.accept();
    server.expect_rest("");
    server.send("answer");
    drop(server);
    assert_eq!(lsock.end(), 0);
    assert!(stdout.wait_for(|bytes| bytes == b"answer"), "{:?}", stdout.so_far());
    assert!(stderr.so_far().is_empty(), "{}", String::from_utf8_lossy(&stderr.so_far()));
}

#[test]
fn received_bytes_for_a_missing_stdout_are_reported_as_lost() {
    let scene = Scene::new();
    for (answer, status) in [("answer", 5), ("", 0)] {
        let (stderr, errors) = io::pipe().unwrap();
        let stderr = Collected::from(stderr);
        let (host, _) = scene.host(scene.word());
        let handles = [None, None, Some(errors.as_handle())];
        let lsock = scene.spawn_lsock(&["connect", scene.word()], handles);
        drop(errors);
        let mut server = host.accept();
        server.send(answer);
        drop(server);
        let code = lsock.end();
        let is_reported = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes).contains("standard output is closed") == (status == 5)
        };
        assert!(stderr.wait_for(is_reported), "{}", String::from_utf8_lossy(&stderr.so_far()));
        assert_eq!(code, status);
    }
}

#[test]
fn requested_text_for_a_missing_stdout_is_status_1() {
    let scene = Scene::new();
    for args in [&["--help"][..], &["--version"], &["listen", scene.word(), "--explain"]] {
        assert_eq!(scene.spawn_lsock(args, [None; 3]).end(), 1, "{args:?}");
    }
}

#[test]
fn messages_follow_the_end_of_an_output_that_is_stderr_as_well() {
    let scene = Scene::new();
    let (output, both) = io::pipe().unwrap();
    let output = Collected::from(output);
    let (stdin, input) = io::pipe().unwrap();
    let (host, _) = scene.host(scene.word());
    let args = ["connect", "-v", scene.word()];
    let handles = [stdin.as_handle(), both.as_handle(), both.as_handle()].map(Some);
    let lsock = scene.spawn_lsock(&args, handles);
    drop((stdin, both));
    let mut server = host.accept();
    server.send("answer");
    server.end();
    assert!(output.wait_for(|bytes| bytes.ends_with(b"answer")), "{:?}", output.so_far());
    let Wire::Word(stream) = &server else { unreachable!("the name is a word") };
    stream.drain(DEADLINE).unwrap();
    // Its output has ended when the input ends: the last message follows.
    drop(input);
    server.expect_rest("");
    drop(server);
    assert_eq!(lsock.end(), 0);
    let is_whole = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("received 6 bytes");
    assert!(output.wait_for(is_whole), "{}", String::from_utf8_lossy(&output.so_far()));
}
