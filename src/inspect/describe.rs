//! Connections, as traces and recordings describe them.

use crate::{
    diag::counted,
    system::{PassedDescriptor, peer::PeerProcess},
    transfer::ConnectionEnds,
};
use std::fmt::Write as _;

/// Describes the ends of a connection, such as `./s; client pid 12 (nc), user alice (uid 1000)`.
pub(super) fn ends(ends: &ConnectionEnds) -> String {
    let ConnectionEnds { name, target, client, address, server } = ends;
    let mut text = name.clone();
    if let Some(target) = target {
        let _ = write!(text, " to {target}");
    }
    if let Some(address) = address {
        let _ = write!(text, "; client tcp:{address}");
    }
    for (role, process) in [("client", client), ("server", server)] {
        let process = process.as_ref().map(PeerProcess::to_string).unwrap_or_default();
        if !process.is_empty() {
            let _ = write!(text, "; {role} {process}");
        }
    }
    text
}

/// Describes descriptors, such as `1 descriptor: 7 pipe:[123]`.
pub(super) fn descriptors(descriptors: &[PassedDescriptor]) -> String {
    let mut text = counted(descriptors.len() as u64, "descriptor");
    for (index, PassedDescriptor { number, link }) in descriptors.iter().enumerate() {
        let link = link.as_deref().unwrap_or("unknown");
        let _ = write!(text, "{} {number} {link}", if index == 0 { ":" } else { "," });
    }
    text
}
