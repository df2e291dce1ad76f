//! `lsock ls` agrees with ss(8).

use super::rows;
use crate::harness::{Scene, has};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixListener, UnixStream},
    },
    path::Path,
};

/// A line of `ss`. Names with spaces are left out.
struct SsSocket {
    is_listening: bool,
    received: u64,
    limit: u64,
    name: String,
    inode: u64,
    peer: u64,
    pids: Vec<u64>,
}

fn parse(line: &str) -> Option<SsSocket> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, state, received, limit, name, inode, _, peer, ref rest @ ..] = fields[..] else {
        return None;
    };
    let pids = rest.iter().flat_map(|users| users.split("pid=").skip(1));
    let mut pids: Vec<u64> = pids
        .filter_map(|pid| pid.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
        .collect();
    pids.sort_unstable();
    pids.dedup();
    Some(SsSocket {
        is_listening: state == "LISTEN",
        received: received.parse().ok()?,
        limit: limit.parse().ok()?,
        name: name.to_owned(),
        inode: inode.parse().ok()?,
        peer: peer.parse().ok()?,
        pids,
    })
}

/// Compares the sockets of this test whose names contain the text, and their peers. Returns the number of
/// listening sockets and of connections.
#[track_caller]
pub(crate) fn assert_agreement(scene: &Scene, text: &str) -> (usize, usize) {
    let ss = |options| {
        let outcome = scene.command("ss").arg(options).run().ok();
        // Names of other tests are not UTF-8.
        String::from_utf8_lossy(&outcome.stdout).lines().filter_map(parse).collect::<Vec<_>>()
    };
    let sockets: HashMap<u64, SsSocket> =
        ss("-xlpnH").into_iter().chain(ss("-xpnH")).map(|socket| (socket.inode, socket)).collect();
    let rows = rows(scene, &["--all"]);
    let by_server: HashMap<u64, &Value> = rows
        .iter()
        .filter(|row| row["state"] != "waiting")
        .filter_map(|row| Some((row["server"]["inode"].as_u64()?, row)))
        .collect();
    let (mut listening, mut connected) = (0, 0);
    let folder = scene.path("");
    let is_ours = |name: &str| Path::new(name).starts_with(&folder) || name.contains(scene.word());
    for socket in sockets.values().filter(|socket| socket.name.contains(text)) {
        // Sockets of other tests come and go. A relative name does not say whose it is: the caller
        // checks the numbers.
        let row = by_server.get(&socket.inode);
        let row = row.filter(|row| row["name"].as_str().is_some_and(is_ours));
        let Some(row) = row else {
            assert!(!is_ours(&socket.name), "{} is not listed", socket.name);
            continue;
        };
        assert_eq!(json!(super::pids(&row["server"])), json!(socket.pids), "{row}");
        let name = row["name"].as_str().unwrap();
        assert!(name.ends_with(socket.name.trim_start_matches("./")), "{name}: {}", socket.name);
        if socket.is_listening {
            listening += 1;
            assert_eq!(row["state"], "listening");
            let backlog = json!({ "used": socket.received, "limit": socket.limit });
            assert_eq!(row["backlog"], backlog, "{row}");
        } else {
            connected += 1;
            assert_eq!(row["to_server"], socket.received, "{row}");
            assert_eq!(row["client"]["inode"], socket.peer, "{row}");
            let peer = &sockets[&socket.peer];
            assert_eq!(row["to_client"], peer.received, "{row}");
            assert_eq!(json!(super::pids(&row["client"])), json!(peer.pids), "{row}");
        }
    }
    (listening, connected)
}

#[test]
fn hundreds_of_sockets_are_listed_as_ss_lists_them() {
    if !has("ss") {
        return;
    }
    const COUNT: usize = 100;
    let scene = Scene::new();
    let mut sockets = Vec::new();
    for number in 0..COUNT {
        let listener = if number % 2 == 0 {
            UnixListener::bind(scene.path(&format!("{number}.sock"))).unwrap()
        } else {
            let name = format!("{}-{number}", scene.word());
            let address = SocketAddr::from_abstract_name(name).unwrap();
            UnixListener::bind_addr(&address).unwrap()
        };
        let address = listener.local_addr().unwrap();
        let client = UnixStream::connect_addr(&address).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut &client, &vec![0; number]).unwrap();
        // One more waits.
        let waiting = UnixStream::connect_addr(&address).unwrap();
        sockets.push((listener, client, accepted, waiting));
    }
    let folder = scene.folder().to_str().unwrap();
    assert_eq!(assert_agreement(&scene, folder), (COUNT / 2, COUNT / 2));
    assert_eq!(assert_agreement(&scene, scene.word()), (COUNT / 2, COUNT / 2));
}
