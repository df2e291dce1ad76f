//! Who is at the other end.

use super::{
    shared::Shared,
    token::{self, Token},
};
use crate::PeerCreds;
use std::io;

/// What the system tells about the process that connected, or that made the pipe.
pub(super) fn creds(stream: &Shared) -> io::Result<PeerCreds> {
    let pid = stream.pipe.peer_pid(stream.info.is_server)?;
    Ok(PeerCreds { pid: Some(pid) })
}

/// The user that it runs as.
pub(super) fn user_sid(stream: &Shared) -> io::Result<String> {
    if stream.info.is_server {
        // Clients of this library let themselves be identified. Others may refuse that,
        // or be asked too early; then their process is what is left to ask.
        if let Ok(token) = Token::of_client(&stream.pipe) {
            return token::user_sid(&token);
        }
    }
    let pid = stream.pipe.peer_pid(stream.info.is_server)?;
    token::user_sid(&Token::of_process(pid)?)
}
