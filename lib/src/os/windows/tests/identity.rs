//! Process, session and user of the peer.

use super::{
    super::{
        Sid,
        token::{self, Token},
    },
    *,
};
use std::{
    io::{self, ErrorKind, Read, Write},
    process::{Child, Command, Stdio},
};
use windows_sys::Win32::System::RemoteDesktop::ProcessIdToSessionId;

/// Variable with the name that the client process connects to.
const NAME: &str = "LOCAL_SOCKET_TEST_NAME";

/// The client process: connects and waits for the end of file. It is a test, so that the test
/// program can be started to run it. Without the variable it does nothing.
#[test]
fn run_as_client_process() {
    let Some(name) = std::env::var_os(NAME) else { return };
    let name = name.to_ns_name::<GenericNamespaced>().unwrap();
    let mut client = connect(&name);
    let server = client.peer_process_id().unwrap();
    writeln!(client, "{server} {}", client.peer_user().unwrap()).unwrap();
    let _ = client.read(&mut [0]);
}

/// Starts a client process.
fn client_process(name: &Name<'_>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let test = "os::windows::tests::identity::run_as_client_process";
    let name = name.as_os_str().to_str().unwrap().strip_prefix(r"\\.\pipe\").unwrap();
    command.args(["--exact", test]).env(NAME, name).stdout(Stdio::null());
    // Wine 8 sometimes fails to start several processes at the same time (error 1359, "internal
    // error").
    const INTERNAL_ERROR: i32 = 1359;
    let mut result = command.spawn();
    for _ in 0..5 {
        match &result {
            Err(error) if error.raw_os_error() == Some(INTERNAL_ERROR) => result = command.spawn(),
            _ => break,
        }
    }
    result.unwrap()
}

fn own_session() -> u32 {
    let mut session = 0;
    // SAFETY: the pointer is valid.
    assert_ne!(unsafe { ProcessIdToSessionId(std::process::id(), &raw mut session) }, 0);
    session
}

#[test]
fn peers_have_different_process_ids() {
    let name = unique();
    let listener = listen(&name);
    listener.set_accept_timeout(Some(DEADLINE)).unwrap();
    let mut process = client_process(&name);
    let mut server = listener.accept().unwrap();
    let (own, other) = (std::process::id(), process.id());
    assert_ne!(own, other);
    assert!(server.is_server() && !server.is_client());
    assert_eq!(server.client_process_id().unwrap(), other);
    assert_eq!(server.peer_process_id().unwrap(), other);
    assert_eq!(server.server_process_id().unwrap(), own);
    let user = Sid::current_user().unwrap();
    assert_eq!(server.peer_user().unwrap(), user);
    // The results of the client.
    server.set_recv_timeout(Some(DEADLINE)).unwrap();
    let mut line = String::new();
    while !line.ends_with('\n') {
        let mut byte = [0];
        server.read_exact(&mut byte).unwrap();
        line.push(byte[0].into());
    }
    assert_eq!(line, format!("{own} {user}\n"));
    drop(server);
    assert!(process.wait().unwrap().success());
}

#[test]
fn ends_are_server_or_client() {
    let (server, client) = connected();
    assert!(server.is_server() && !server.is_client());
    assert!(client.is_client() && !client.is_server());
    let session = own_session();
    for stream in [&server, &client] {
        for number in
            [Stream::client_process_id, Stream::server_process_id, Stream::peer_process_id]
        {
            assert_eq!(number(stream).unwrap(), std::process::id());
        }
        for number in
            [Stream::client_session_id, Stream::server_session_id, Stream::peer_session_id]
        {
            assert_eq!(number(stream).unwrap(), session);
        }
    }
}

#[test]
fn peer_user_is_the_current_user() {
    let own = Sid::current_user().unwrap();
    assert!(own.to_string().starts_with("S-1-5-"), "{own}");
    for (server, client) in [connected(), Stream::pair().unwrap()] {
        assert_eq!(server.peer_user().unwrap(), own);
        assert_eq!(client.peer_user().unwrap(), own);
    }
}

#[test]
fn the_user_of_another_librarys_client_is_known_after_a_read() {
    let name = unique();
    let listener = listen(&name);
    let mut client = raw::client(&name);
    let mut server = listener.accept().unwrap();
    client.write_all(b"x").unwrap();
    server.read_exact(&mut [0]).unwrap();
    assert_eq!(server.peer_user().unwrap(), Sid::current_user().unwrap());
}

#[test]
fn an_anonymous_client_has_no_user() {
    let name = unique();
    let listener = listen(&name);
    let mut client = raw::anonymous_client(&name);
    let mut server = listener.accept().unwrap();
    client.write_all(b"x").unwrap();
    server.read_exact(&mut [0]).unwrap();
    let user = server.peer_user();
    if is_wine() {
        // Wine identifies every client.
        assert_eq!(user.unwrap(), Sid::current_user().unwrap());
    } else {
        const CANT_OPEN_ANONYMOUS: i32 = 1347;
        assert_eq!(user.unwrap_err().raw_os_error(), Some(CANT_OPEN_ANONYMOUS));
    }
    assert_eq!(server.peer_process_id().unwrap(), std::process::id());
}

/// Returns the user that this thread impersonates.
fn impersonated_user() -> io::Result<Sid> {
    token::user(&Token::of_thread()?)
}

#[test]
fn the_guard_impersonates_the_client_until_it_is_dropped() {
    let (server, _client) = connected();
    within_deadline(move || {
        const NO_TOKEN: Option<i32> = Some(1008);
        assert_eq!(impersonated_user().unwrap_err().raw_os_error(), NO_TOKEN);
        let guard = server.impersonate_client().unwrap();
        assert_eq!(impersonated_user().unwrap(), Sid::current_user().unwrap());
        // `peer_user` does not end the impersonation.
        server.peer_user().unwrap();
        assert!(impersonated_user().is_ok());
        let other = thread::spawn(|| impersonated_user().unwrap_err().raw_os_error());
        assert_eq!(other.join().unwrap(), NO_TOKEN, "other threads do not");
        drop(guard);
        assert_eq!(impersonated_user().unwrap_err().raw_os_error(), NO_TOKEN);
    });
}

#[test]
fn clients_cannot_impersonate_the_server() {
    let (_server, client) = connected();
    assert_eq!(client.impersonate_client().unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(impersonated_user().is_err());
}
