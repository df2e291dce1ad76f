//! `--all`: connections, and sockets without a name.

use super::{inode_of, pids, rows};
use crate::harness::Scene;
use serde_json::{Value, json};
use std::{
    io::Write as _,
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream},
    },
    process,
};

/// Returns the row that has the socket as an end.
#[track_caller]
fn row_of(rows: &[Value], end: &str, inode: u64) -> Value {
    let mut found = rows.iter().filter(|row| row[end]["inode"] == inode);
    let row = found.next().unwrap_or_else(|| panic!("no {end} {inode}: {rows:#?}"));
    assert!(found.next().is_none(), "{rows:#?}");
    row.clone()
}

#[test]
fn both_ends_are_in_one_row_with_the_bytes_that_wait() {
    let scene = Scene::new();
    let path = scene.path("s");
    let listener = UnixListener::bind(&path).unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    let (mut accepted, _) = listener.accept().unwrap();
    client.write_all(&[1; 5000]).unwrap();
    accepted.write_all(b"hello").unwrap();
    let gone = UnixStream::connect(&path).unwrap();
    let (without_client, _) = listener.accept().unwrap();
    drop(gone);
    let waiting = UnixStream::connect(&path).unwrap();

    let found = rows(&scene, &["--all", "./s"]);
    assert_eq!(found.len(), 4, "{found:#?}");
    let connected = row_of(&found, "client", inode_of(&client));
    assert_eq!(connected["state"], "connected");
    assert_eq!(connected["server"]["inode"], inode_of(&accepted));
    assert_eq!([&connected["to_server"], &connected["to_client"]], [&json!(5000), &json!(5)]);
    assert!(pids(&connected["client"]).contains(&u64::from(process::id())));
    let waits = row_of(&found, "client", inode_of(&waiting));
    assert_eq!(waits["state"], "waiting");
    assert_eq!(waits["server"]["inode"], inode_of(&listener));
    let closed = row_of(&found, "server", inode_of(&without_client));
    assert_eq!([&closed["state"], &closed["client"]], [&json!("closed"), &Value::Null]);
    let listening = found.iter().find(|row| row["state"] == "listening").unwrap();
    assert_eq!([&listening["clients"], &listening["backlog"]["used"]], [2, 1]);
}

#[test]
fn a_pair_without_a_name_is_one_row() {
    let scene = Scene::new();
    let (one, other) = UnixStream::pair().unwrap();
    let (sender, receiver) = UnixDatagram::pair().unwrap();
    let unbound = UnixDatagram::unbound().unwrap();
    let found = rows(&scene, &["--all", "--pid", &process::id().to_string()]);
    for (one, other) in
        [(inode_of(&one), inode_of(&other)), (inode_of(&sender), inode_of(&receiver))]
    {
        let is_pair = |row: &&Value| {
            let ends = [&row["server"]["inode"], &row["client"]["inode"]];
            ends.contains(&&json!(one)) && ends.contains(&&json!(other))
        };
        let pair = found.iter().find(is_pair).unwrap_or_else(|| panic!("{found:#?}"));
        assert_eq!([&pair["state"], &pair["name"]], [&json!("connected"), &Value::Null]);
    }
    assert_eq!(row_of(&found, "server", inode_of(&unbound))["state"], "unconnected");
}

#[test]
fn datagram_sockets_are_rows_with_their_receiver() {
    let scene = Scene::new();
    let address = SocketAddr::from_abstract_name(scene.word()).unwrap();
    let receiver = UnixDatagram::bind_addr(&address).unwrap();
    let senders = [UnixDatagram::unbound().unwrap(), UnixDatagram::unbound().unwrap()];
    senders.iter().for_each(|sender| sender.connect_addr(&address).unwrap());
    let found = rows(&scene, &["--all", scene.word()]);
    assert_eq!(found.len(), 3, "{found:#?}");
    for sender in &senders {
        let row = row_of(&found, "client", inode_of(sender));
        assert_eq!(row["server"]["inode"], inode_of(&receiver));
        assert_eq!(row["state"], "connected");
    }
}

#[test]
fn a_table_has_columns_for_both_ends() {
    let scene = Scene::new();
    let server = scene.listen("./s").open_input().start_listening();
    let client = scene.connect("./s").open_input().start();
    server.wait_for_message("connection 1 ");
    let (server_pid, client_pid) = (server.pid().to_string(), client.pid().to_string());
    let table = scene.lsock(["ls", "--all", "--pid", &client_pid]).run().silent();
    let lines: Vec<&str> = table.stdout_text().lines().collect();
    let [title, line] = lines[..] else { panic!("{}", table.report()) };
    assert!(title.ends_with("SERVER  COMMAND  CLIENT  COMMAND  USER"), "{title}");
    let cells: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(
        cells[1..9],
        ["stream", "connected", "0", "0", &server_pid, "lsock", &client_pid, "lsock"]
    );
    // The server has removed its name; the connection is found by it nevertheless.
    let found = rows(&scene, &["--all", "./s"]);
    assert_eq!(found.iter().filter(|row| row["state"] == "connected").count(), 1, "{found:#?}");
    drop(client);
    server.end().ok();
}
