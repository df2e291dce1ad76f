use super::*;
use crate::{os::windows::Sid, tokio, traits::Stream as _};
use std::os::windows::io::{AsHandle as _, OwnedHandle};

#[test]
fn both_ends_return_process_session_and_user() {
    on_each_runtime(|| async {
        let (server, client) = connected_async().await;
        assert!(server.is_server() && client.is_client());
        for stream in [server.inner(), client.inner()] {
            for id in
                [stream.peer_process_id(), stream.client_process_id(), stream.server_process_id()]
            {
                assert_eq!(id.unwrap(), std::process::id());
            }
            assert_eq!(stream.peer_session_id().unwrap(), stream.server_session_id().unwrap());
            assert_eq!(stream.peer_user().unwrap(), Sid::current_user().unwrap());
        }
        drop(server.impersonate_client().unwrap());
        assert!(client.impersonate_client().is_err());
    });
}

#[test]
fn a_handle_converts_to_an_asynchronous_stream() {
    on_each_runtime(|| async {
        let (one, other) = Stream::pair().unwrap();
        let handle = OwnedHandle::from(one);
        let mut one = tokio::Stream::try_from(handle).unwrap();
        let mut other = tokio::Stream::try_from(crate::Stream::from(other)).unwrap();
        one.write_all(b"x").await.unwrap();
        other.read_exact(&mut [0]).await.unwrap();
    });
}

#[test]
fn the_error_of_a_conversion_contains_the_handle() {
    let (one, other) = Stream::pair().unwrap();
    let error = AsyncStream::try_from(OwnedHandle::from(one)).unwrap_err();
    assert!(error.cause.unwrap().to_string().contains("runtime"));
    let one = Stream::try_from(error.source.unwrap()).unwrap();
    let _ = one.as_handle();
    // The handle is unchanged.
    drop(one);
    other.set_recv_timeout(Some(DEADLINE)).unwrap();
    assert_eq!(std::io::Read::read(&mut { other }, &mut [0]).unwrap(), 0);
}
