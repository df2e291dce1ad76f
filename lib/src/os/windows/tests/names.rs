//! The state of the pipe of a name.

use super::unique;
use crate::{
    Listener, ListenerOptions, Name, Platform, Stream,
    os::windows::{NameExt as _, PipeState},
    traits::{Listener as _, Stream as _},
};
use std::io::ErrorKind;

#[test]
fn a_pipe_is_found_without_connecting_to_it() {
    let name = unique();
    assert_eq!(name.pipe_state().unwrap(), PipeState::Absent);
    let listener: Listener = ListenerOptions::new().name(name.borrow()).create_sync().unwrap();
    // If this connected, the next client would be the second one.
    assert_eq!(name.pipe_state().unwrap(), PipeState::Free);
    let client = Stream::connect(name.borrow()).unwrap();
    let server = listener.accept().unwrap();
    drop((client, server, listener));
    assert_eq!(name.pipe_state().unwrap(), PipeState::Absent);
    let file = Name::parse_for(Platform::Linux, "./a").unwrap();
    assert_eq!(file.pipe_state().unwrap_err().kind(), ErrorKind::Unsupported);
}
