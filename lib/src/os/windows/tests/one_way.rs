//! Pipes of other programs that have one direction.

use super::*;
use crate::{
    Directions,
    error::SocketError,
    os::windows::access_rights::{access_rights, with_first_allowed},
    tokio as asynchronous,
    traits::StreamCommon as _,
};
use ::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use std::{
    fs::File,
    io::{self, ErrorKind, Read as _, Write as _},
    net::Shutdown,
};
use windows_sys::Win32::Foundation::ERROR_ACCESS_DENIED;

const DIRECTIONS: [Directions; 3] = [Directions::Both, Directions::Send, Directions::Receive];

fn options<'n>(name: &'n Name<'_>, directions: Directions) -> ConnectOptions<'n> {
    ConnectOptions::new().name(name.borrow()).directions(directions)
}

#[test]
fn a_client_has_the_rights_that_its_directions_need() {
    let name = unique();
    let _listener = listen(&name);
    for (directions, rights) in DIRECTIONS.into_iter().zip([0x12_019b, 0x12_0192, 0x12_0189]) {
        let client: Stream = options(&name, directions).connect_sync_as().unwrap();
        assert_eq!(client.0.pipe.rights().unwrap(), rights, "{directions:?}");
    }
}

/// The descriptor that pipes have by default gives other users `GENERIC_READ`. Wine does not check it.
#[test]
fn a_client_that_only_receives_is_content_with_the_right_to_read() {
    const READING: u32 = 0x12_0089;
    let open = |allowed: u32, directions| {
        with_first_allowed(access_rights(directions), |access| {
            if access & !allowed == 0 {
                Ok(access)
            } else {
                Err(io::Error::from_raw_os_error(ERROR_ACCESS_DENIED.cast_signed()))
            }
        })
        .map_err(|error| error.kind())
    };
    let denied = Err(ErrorKind::PermissionDenied);
    let results = DIRECTIONS.map(|directions| open(READING, directions));
    assert_eq!(results, [denied, denied, Ok(READING)]);
    let results = DIRECTIONS.map(|directions| open(u32::MAX, directions));
    assert_eq!(results, [Ok(0x12_019b), Ok(0x12_0192), Ok(0x12_0189)]);
    // Another error is not an answer about rights.
    let mut attempts = 0;
    let result = with_first_allowed(access_rights(Directions::Receive), |_| {
        attempts += 1;
        io::Result::<()>::Err(ErrorKind::NotFound.into())
    });
    assert_eq!((result.unwrap_err().kind(), attempts), (ErrorKind::NotFound, 1));
}

/// Wine opens a pipe for a direction that it does not have.
#[test]
fn a_pipe_is_opened_only_for_its_direction() {
    if is_wine() {
        return;
    }
    for has_messages in [false, true] {
        for (mode, right) in
            [(raw::INBOUND, Directions::Send), (raw::OUTBOUND, Directions::Receive)]
        {
            let name = unique();
            let _server = raw::one_way_server(&name, mode, has_messages);
            for wrong in DIRECTIONS.into_iter().filter(|directions| *directions != right) {
                let error = options(&name, wrong).connect_sync().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{mode} {wrong:?}: {error}");
                assert_eq!(SocketError::of(&error).unwrap().directions(), wrong);
            }
            // The failed attempts have not taken the only instance.
            options(&name, right).connect_sync().unwrap();
        }
    }
}

#[test]
fn a_client_sends_to_an_inbound_pipe() {
    for has_messages in [false, true] {
        let name = unique();
        let server = raw::one_way_server(&name, raw::INBOUND, has_messages);
        let mut client = options(&name, Directions::Send).connect_sync().unwrap();
        within_deadline(move || {
            let mut server = File::from(server);
            client.write_all(b"data").unwrap();
            let mut buffer = [0; 8];
            assert_eq!(server.read(&mut buffer).unwrap(), 4);
            client.drain(DEADLINE).unwrap();
            assert_eq!(client.read(&mut buffer).unwrap(), 0, "nothing is received");
            assert!(!client.peer_hung_up().unwrap());
            let ended = client.shutdown(Shutdown::Write).map_err(|error| error.kind());
            assert_eq!(ended, if has_messages { Ok(()) } else { Err(ErrorKind::Unsupported) });
            drop(client);
            assert_eq!(server.read(&mut buffer).unwrap_or(0), 0, "the end of file");
        });
    }
}

#[test]
fn a_client_receives_from_an_outbound_pipe() {
    for has_messages in [false, true] {
        let name = unique();
        let server = raw::one_way_server(&name, raw::OUTBOUND, has_messages);
        let mut client = options(&name, Directions::Receive).connect_sync().unwrap();
        within_deadline(move || {
            let mut server = File::from(server);
            server.write_all(b"data").unwrap();
            assert_eq!(client.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
            client.drain(DEADLINE).unwrap();
            // There is nothing to shut down.
            client.shutdown(Shutdown::Write).unwrap();
            if has_messages {
                assert_eq!(server.write(b"").unwrap(), 0);
            } else {
                drop(server);
            }
            let mut all = String::new();
            client.read_to_string(&mut all).unwrap();
            assert_eq!(all, "data");
        });
    }
}

#[test]
fn asynchronous_clients_use_one_direction() {
    let runtime = ::tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let (there, back) = (unique(), unique());
    let reader = raw::one_way_server(&there, raw::INBOUND, false);
    let writer = raw::one_way_server(&back, raw::OUTBOUND, false);
    within_deadline(move || {
        runtime.block_on(async {
            let connect = async |name, directions| options(name, directions).connect_tokio().await;
            let mut sender: asynchronous::Stream = connect(&there, Directions::Send).await.unwrap();
            sender.write_all(b"there").await.unwrap();
            sender.flush().await.unwrap();
            let mut buffer = [0; 8];
            assert_eq!(File::from(reader).read(&mut buffer).unwrap(), 5);
            assert_eq!(sender.read(&mut buffer).await.unwrap(), 0, "nothing is received");

            let mut receiver = connect(&back, Directions::Receive).await.unwrap();
            File::from(writer).write_all(b"back").unwrap();
            let mut all = String::new();
            receiver.read_to_string(&mut all).await.unwrap();
            assert_eq!(all, "back");
            assert_eq!(receiver.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
            receiver.shutdown().await.unwrap();
        });
    });
}
