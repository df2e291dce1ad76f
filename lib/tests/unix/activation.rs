//! Sockets that a service manager has opened.

use super::{
    child::{Job, argument, tell},
    files::Folder,
};
use crate::harness::{assert_kind, within_deadline};
use local_socket::{
    Listener, Stream,
    os::unix::inherited::{self, Inherited},
    traits::{Listener as _, Stream as _},
};
use rustix::{
    fs::{OFlags, fcntl_getfl},
    io::{FdFlags, fcntl_getfd},
};
use std::{
    fs::File,
    io::{ErrorKind, Read as _, Write as _},
    net::TcpListener,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::{UnixDatagram, UnixListener, UnixStream},
    },
};

/// Returns the sockets that a job was started with.
fn listen_fds() -> std::io::Result<Vec<Inherited>> {
    // SAFETY: the test binary uses no inherited descriptors but 0, 1 and 2.
    unsafe { inherited::listen_fds() }
}

/// Takes one socket that a job was started with.
fn take(number: i32) -> std::io::Result<Inherited> {
    // SAFETY: as above.
    unsafe { Inherited::take(number) }
}

/// Returns a job that inherits the descriptor as number 3.
fn activated(job: &str, environment: &str, socket: impl Into<OwnedFd>) -> Job {
    Job::new(job).through_shell(environment, "3<&0 </dev/null", socket.into())
}

/// Returns the error of a job that takes a descriptor which is not for a listener.
fn refused(socket: impl Into<OwnedFd>) -> String {
    let environment = "export LISTEN_PID=$$ LISTEN_FDS=1;";
    let lines = activated("listen on what is inherited", environment, socket).run();
    lines.last().unwrap().clone()
}

#[test]
fn an_inherited_listener_serves_and_keeps_its_file() {
    within_deadline(|| {
        let folder = Folder::new();
        let socket = UnixListener::bind(folder.path()).unwrap();
        // The mode that was set before does not matter.
        socket.set_nonblocking(true).unwrap();
        let environment = "export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web;";
        let job = "listen on what is inherited";
        let mut job = activated(job, environment, socket.try_clone().unwrap()).start();
        let mut text = String::new();
        let mut client = Stream::connect(folder.name()).unwrap();
        client.read_to_string(&mut text).unwrap();
        assert_eq!(text, format!("3, web, {}", folder.name()));
        assert_eq!(job.next_line().as_deref(), Some("served"));
        job.finish();
        assert_eq!(folder.entries(), ["a.sock"]);
        // A service manager would start the next process now.
        let _client = Stream::connect(folder.name()).unwrap();
        socket.set_nonblocking(false).unwrap();
        socket.accept().unwrap();
    });
}

pub(super) fn listen_on_what_is_inherited() {
    let inherited = listen_fds().unwrap();
    assert!(!inherited.is_empty());
    // All of them were taken before.
    let error = assert_kind(listen_fds(), &[ErrorKind::InvalidInput]);
    assert!(error.to_string().contains("taken before"), "{error}");
    for socket in inherited {
        assert!(fcntl_getfd(&socket).unwrap().contains(FdFlags::CLOEXEC));
        let (number, name) = (socket.number(), socket.name().unwrap_or("?").to_owned());
        match Listener::try_from(socket) {
            Ok(listener) => {
                assert!(!fcntl_getfl(&listener).unwrap().contains(OFlags::NONBLOCK));
                let under = listener.local_name().unwrap();
                write!(listener.accept().unwrap(), "{number}, {name}, {under}").unwrap();
                tell("served");
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
                tell(&error.to_string());
            }
        }
    }
}

#[test]
fn several_inherited_sockets_have_their_numbers_and_names() {
    within_deadline(|| {
        let folder = Folder::new();
        let socket = UnixListener::bind(folder.path()).unwrap();
        let lines = Job::new("tell what is inherited")
            .through_shell(
                "export LISTEN_PID=$$ LISTEN_FDS=3 LISTEN_FDNAMES=one::three;",
                "3<&0 4<&0 5<&0 </dev/null",
                socket.into(),
            )
            .run();
        assert_eq!(lines, [r#"3 Some("one")"#, r#"4 Some("")"#, r#"5 Some("three")"#]);
    });
}

#[test]
fn sockets_of_other_processes_and_invalid_variables_are_refused() {
    const NOTHING: &str = "nothing";
    within_deadline(|| {
        for (environment, expected) in [
            ("", NOTHING),
            ("export LISTEN_FDS=1;", NOTHING),
            ("export LISTEN_PID=$PPID LISTEN_FDS=1;", NOTHING),
            ("export LISTEN_PID=$PPID LISTEN_FDS=many;", NOTHING),
            ("export LISTEN_PID=$$;", NOTHING),
            ("export LISTEN_PID=$$ LISTEN_FDS=0;", NOTHING),
            ("export LISTEN_PID=$$ LISTEN_FDS=0 LISTEN_FDNAMES=;", NOTHING),
            ("export LISTEN_PID=me LISTEN_FDS=1;", r#"LISTEN_PID is "me" and not a number"#),
            ("export LISTEN_PID= LISTEN_FDS=1;", r#"LISTEN_PID is "" and not a number"#),
            ("export LISTEN_PID=$$ LISTEN_FDS=-1;", r#"LISTEN_FDS is "-1" and not a number"#),
            ("export LISTEN_PID=$$ LISTEN_FDS=4294967296;", "LISTEN_FDS"),
            (
                "export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=a:b;",
                r#"LISTEN_FDNAMES is "a:b" and not 1 names"#,
            ),
            ("export LISTEN_PID=$$ LISTEN_FDS=4294967295;", "of LISTEN_FDS=4294967295: bad file"),
            ("export LISTEN_PID=$$ LISTEN_FDS=1;", "3 None"),
        ] {
            let socket = UnixStream::pair().unwrap().0;
            let lines = activated("tell what is inherited", environment, socket).run();
            assert!(lines.concat().contains(expected), "{environment} {lines:?}");
        }
    });
}

pub(super) fn tell_what_is_inherited() {
    match listen_fds() {
        Ok(inherited) if inherited.is_empty() => {
            assert_eq!(inherited::count().unwrap(), 0);
            tell("nothing");
        }
        Ok(inherited) => {
            assert_eq!(inherited::count().unwrap() as usize, inherited.len());
            for socket in &inherited {
                tell(&format!("{} {:?}", socket.number(), socket.name()));
            }
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            tell(&error.to_string());
        }
    }
}

#[test]
fn only_listening_sockets_become_listeners() {
    within_deadline(|| {
        let not = "descriptor 3 is not a listening Unix socket: it ";
        let file = File::open("/dev/null").unwrap();
        assert_eq!(refused(file), format!("{not}is not a socket"));
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(refused(tcp), format!("{not}is a socket, but not a Unix domain socket"));
        let datagrams = UnixDatagram::unbound().unwrap();
        assert_eq!(
            refused(datagrams),
            format!("{not}is a Unix domain socket, but not one of streams")
        );
        let (connected, _other) = UnixStream::pair().unwrap();
        assert_eq!(refused(connected), format!("{not}does not listen"));
    });
}

#[test]
fn an_inherited_socket_converts_to_its_descriptor() {
    within_deadline(|| {
        let (one, mut other) = UnixStream::pair().unwrap();
        let environment = "export LISTEN_PID=$$ LISTEN_FDS=1;";
        activated("write to what is inherited", environment, one).run();
        let mut text = String::new();
        other.read_to_string(&mut text).unwrap();
        assert_eq!(text, "written");
    });
}

pub(super) fn write_to_what_is_inherited() {
    let inherited = listen_fds().unwrap().pop().unwrap();
    inherited.as_fd().try_clone_to_owned().unwrap();
    UnixStream::from(OwnedFd::from(inherited)).write_all(b"written").unwrap();
}

/// Returns a job that takes this number. The environment says so much; the socket is 3.
fn taking(number: &str, environment: &str, socket: impl Into<OwnedFd>) -> Job {
    let job = Job::new("take by number").with("NUMBER", number);
    job.through_shell(environment, "3<&0 </dev/null", socket.into())
}

pub(super) fn take_by_number() {
    let number = argument("NUMBER").to_str().unwrap().parse().unwrap();
    let socket = match take(number) {
        Ok(socket) => socket,
        Err(error) => return tell(&format!("{:?}: {error}", error.kind())),
    };
    assert_eq!((socket.number(), socket.name()), (number, None));
    assert!(fcntl_getfd(&socket).unwrap().contains(FdFlags::CLOEXEC));
    let error = assert_kind(take(number), &[ErrorKind::InvalidInput]);
    assert!(error.to_string().contains("taken before"), "{error}");
    match Listener::try_from(socket) {
        Ok(listener) => {
            listener.accept().unwrap().write_all(b"served").unwrap();
            tell("served");
        }
        Err(error) => tell(&format!("{:?}: {error}", error.kind())),
    }
    // Not even after it was closed: the number may have another owner by now.
    assert_kind(take(number), &[ErrorKind::InvalidInput]);
}

/// A descriptor can be taken by its number, whether or not the environment contains it.
#[test]
fn a_listener_can_be_taken_by_its_number() {
    within_deadline(|| {
        for environment in
            ["", "export LISTEN_PID=$$;", "export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=a;"]
        {
            let folder = Folder::new();
            let socket = UnixListener::bind(folder.path()).unwrap();
            let mut job = taking("3", environment, socket).start();
            let mut text = String::new();
            Stream::connect(folder.name()).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "served", "{environment}");
            assert_eq!(job.next_line().as_deref(), Some("served"));
            job.finish();
            // The listener did not own the file.
            assert_eq!(folder.entries(), ["a.sock"]);
        }
    });
}

#[test]
fn numbers_that_cannot_be_taken_are_refused() {
    within_deadline(|| {
        for (number, environment, expected) in [
            ("1000000", "", "bad file descriptor"),
            ("2", "", "InvalidInput: 0, 1 and 2 are standard input, output and error"),
            ("3", "export LISTEN_PID=$PPID LISTEN_FDS=1;", "another process's number"),
            (
                "3",
                "export LISTEN_PID=1;",
                "InvalidInput: LISTEN_PID is 1, another process's number",
            ),
            ("3", "export LISTEN_PID=me;", r#"InvalidInput: LISTEN_PID is "me" and not a number"#),
            (
                "3",
                "",
                "InvalidInput: descriptor 3 is not a listening Unix socket: it does not listen",
            ),
        ] {
            let socket = UnixStream::pair().unwrap().0;
            let text = taking(number, environment, socket).run().concat();
            assert!(text.to_lowercase().contains(&expected.to_lowercase()), "{expected}: {text}");
        }
    });
}
