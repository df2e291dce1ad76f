//! Errors contain the action, the name, and the error of the system.

use crate::harness::{NOBODY, Place, assert_kind};
use local_socket::{
    ConnectOptions, ConnectWaitMode, OnConflict, Stream,
    error::{Action, ConversionError, NoDetails, ReuniteError, SocketError, raw_os_error, reason},
    traits::Stream as _,
};
use std::{
    error::Error as _,
    io::{self, ErrorKind},
};

on_every_kind! {
    the_error_of_connect_contains_the_name
    the_error_of_listening_contains_the_name
}

#[track_caller]
fn assert_complete(error: &io::Error, action: Action, place: &Place) -> String {
    let inside = SocketError::of(error).expect("a SocketError inside");
    assert_eq!(inside.action(), action);
    assert_eq!(inside.name(), &place.name());
    assert_eq!(inside.system_error().kind(), error.kind());
    let source = inside.source().and_then(|source| source.downcast_ref::<io::Error>());
    assert_eq!(source.expect("a source").kind(), error.kind());
    assert_eq!(error.to_string(), inside.to_string());
    assert_eq!(raw_os_error(error), inside.raw_os_error());
    error.to_string()
}

fn the_error_of_connect_contains_the_name(place: &Place) {
    let error = assert_kind(Stream::connect(place.name()), NOBODY);
    let message = assert_complete(&error, Action::Connect, place);
    assert!(message.starts_with(&format!("cannot connect to {}: ", place.name())), "{message}");
    assert_eq!(SocketError::of(&error).unwrap().obstacle(), None);
    assert_code(&error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connected = runtime.block_on(ConnectOptions::new().name(place.name()).connect_tokio());
    assert_code(&assert_kind(connected, NOBODY));
}

/// Fails unless the error has the code of a system's error of the same kind.
#[track_caller]
fn assert_code(error: &io::Error) {
    let code = SocketError::of(error).unwrap().raw_os_error().expect("a code");
    assert_eq!(io::Error::from_raw_os_error(code).kind(), error.kind(), "{error:?}");
}

fn the_error_of_listening_contains_the_name(place: &Place) {
    let _listener = place.listen();
    for policy in [OnConflict::Fail, OnConflict::ReplaceStale] {
        let result = place.options().on_conflict(policy).create_sync();
        let error = assert_kind(result, &[ErrorKind::AddrInUse]);
        let message = assert_complete(&error, Action::Bind, place);
        assert!(message.starts_with(&format!("cannot bind {}: ", place.name())), "{message}");
        if cfg!(unix) {
            assert_code(&error);
        }
    }
}

#[test]
fn codes_are_found_at_any_depth() {
    let system = || io::Error::from_raw_os_error(5);
    let converted = |details| {
        io::Error::from(ConversionError::<(), _>::from_cause_and_details(system(), details))
    };
    for error in [
        system(),
        io::Error::new(ErrorKind::AddrInUse, system()),
        io::Error::other(io::Error::other(system())),
        converted(""),
        converted("details"),
    ] {
        assert_eq!(raw_os_error(&error), Some(5), "{error:?}");
    }
    for error in [io::Error::from(ErrorKind::NotFound), io::Error::other("text")] {
        assert_eq!(raw_os_error(&error), None, "{error:?}");
    }
}

#[test]
fn other_errors_contain_no_socket_error() {
    assert!(SocketError::of(&io::Error::from(ErrorKind::NotFound)).is_none());
    assert!(SocketError::of(&io::Error::other("text")).is_none());
}

#[test]
fn reasons_are_lower_case_and_without_number() {
    let cases = [
        (io::Error::other("Connection refused (os error 111)"), "connection refused"),
        (io::Error::other("Das ist falsch."), "das ist falsch"),
        (io::Error::other("EOF came early"), "EOF came early"),
        (io::Error::other(""), ""),
        (io::Error::other("É"), "É"),
    ];
    for (error, expected) in cases {
        assert_eq!(reason(&error), expected, "{error}");
    }
}

#[test]
fn conversion_errors_carry_source_and_cause() {
    let cause = || io::Error::from(ErrorKind::PermissionDenied);
    let error = ConversionError::<_, NoDetails>::from_source_and_cause("source", cause());
    assert_eq!(error.to_string(), cause().to_string());
    assert_eq!(error.to_io_error().kind(), ErrorKind::PermissionDenied);
    let error = error.map_source(str::len);
    assert_eq!(error.source, Some(6));
    assert_eq!(error.try_map_source(|_| None::<()>).source, None);
    let error = ConversionError::<(), _>::from_cause_and_details(cause(), "details");
    assert!(error.to_string().starts_with("details: "));
    assert_eq!(io::Error::from(error).kind(), ErrorKind::PermissionDenied);
    let error = ConversionError::from_source_and_details((), "details");
    assert_eq!(error.to_string(), "details");
    assert_eq!(io::Error::from(error).kind(), ErrorKind::Other);
    assert_eq!(ConversionError::<_, NoDetails>::from_source(1).source, Some(1));
    assert!(ConversionError::<(), NoDetails>::from_cause(cause()).source.is_none());
    let error = ConversionError::<(), fmt_error::Details> {
        details: fmt_error::Details,
        cause: Some(cause()),
        source: None,
    };
    assert!(error.source().is_some());
}

mod fmt_error {
    #[derive(Debug)]
    pub(super) struct Details;
    impl std::fmt::Display for Details {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("details")
        }
    }
    impl std::error::Error for Details {}
}

#[test]
fn reunite_errors_can_be_mapped() {
    let error = ReuniteError { rh: 1_u8, sh: 2_u8 };
    let error: ReuniteError<u32, u64> = error.convert_halves();
    let error = error.map_halves(|rh| rh + 1, |sh| sh + 1);
    assert_eq!((error.rh, error.sh), (2, 3));
    assert!(error.source().is_none());
}

#[test]
fn the_wait_mode_is_unbounded_by_default() {
    assert_eq!(ConnectWaitMode::default(), ConnectWaitMode::Unbounded);
}
