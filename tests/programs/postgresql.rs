//! PostgreSQL: sessions, large results, transactions of many clients, and requests to cancel,
//! which use separate connections.

use super::{relay, relay_by_tcp};
use crate::{
    harness::{Cmd, NOBODY, Outcome, Running, Scene, becomes, has, signal, wait_until},
    ls::{rows, ss::assert_agreement},
};
use rustix::process::{Signal, geteuid};
use std::{
    ffi::OsString,
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::PathBuf,
};

const USER: &str = "tester";

/// Clients compose the name of the socket from a folder and a port.
const SOCKET: &str = ".s.PGSQL.5432";

/// Returns the folder of the programs on Debian, which has wrappers of only some in PATH.
fn folder() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<_> = versions.map(|entry| entry.unwrap().path().join("bin")).collect();
    folders.retain(|folder| folder.join("initdb").exists() && folder.join("pgbench").exists());
    folders.sort();
    folders.pop()
}

fn is_here() -> bool {
    folder().is_some() || ["initdb", "postgres", "psql", "pgbench"].iter().all(|name| has(name))
}

fn program(scene: &Scene, name: &str) -> Cmd {
    let path = folder().map_or_else(|| name.into(), |folder| folder.join(name));
    scene.command(path).env("LC_ALL", "C")
}

/// Runs the command as another user than root, as whom the server refuses to run.
fn as_its_user(cmd: Cmd) -> Cmd {
    if geteuid().is_root() { cmd.user(NOBODY) } else { cmd }
}

struct Server {
    process: Running,
}

impl Server {
    fn start(scene: &Scene) -> Self {
        let folder = scene.path("server");
        fs::create_dir(&folder).unwrap();
        if geteuid().is_root() {
            fs::set_permissions(scene.folder(), fs::Permissions::from_mode(0o755)).unwrap();
            chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let initdb = program(scene, "initdb").args(["-D", "server/data", "-U", USER]);
        let initdb = initdb.args(["-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]);
        as_its_user(initdb).run().ok();
        let mut server = program(scene, "postgres").args(["-D", "server/data", "-F"]);
        let mut folder = OsString::from("unix_socket_directories=");
        folder.push(scene.path("server"));
        server = server.arg("-c").arg(folder);
        for setting in ["listen_addresses=", "shared_buffers=16MB", "log_checkpoints=off"] {
            server = server.args(["-c", setting]);
        }
        let process = as_its_user(server).start();
        process.wait_for_message("ready to accept connections");
        Self { process }
    }
}

impl Drop for Server {
    /// SIGKILL would leave shared memory and child processes.
    fn drop(&mut self) {
        if self.process.is_running() {
            signal(&self.process, Signal::INT);
            if !becomes(|| !self.process.is_running()) {
                eprintln!("the server does not end\n{}", self.process.report());
            }
        }
    }
}

/// The programs of a client with the address of the server.
#[derive(Clone)]
struct Client<'a> {
    scene: &'a Scene,
    host: PathBuf,
    port: u16,
}

impl<'a> Client<'a> {
    fn by_name(scene: &'a Scene, folder: &str) -> Self {
        // A host without a leading slash is a host name.
        Self { scene, host: scene.path(folder), port: 5432 }
    }

    fn by_tcp(scene: &'a Scene, port: u16) -> Self {
        Self { scene, host: "127.0.0.1".into(), port }
    }

    fn program(&self, name: &str) -> Cmd {
        let cmd = program(self.scene, name).arg("-h").arg(&self.host);
        cmd.args(["-p", &self.port.to_string(), "-U", USER])
    }

    fn psql(&self, sql: &str) -> Cmd {
        self.program("psql")
            .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .args(["-d", "postgres", "-c", sql])
    }

    fn pgbench(&self, args: &[&str]) -> Outcome {
        self.program("pgbench").args(args).arg("postgres").run().ok()
    }

    fn expect_service(&self) {
        self.expect_large_results();
        self.expect_transactions();
        self.expect_cancellation();
    }

    /// Asks for a large result, and with a long statement.
    fn expect_large_results(&self) {
        const ROWS: usize = 200_000;
        let rows = format!("select n, repeat('x', 50) from generate_series(1, {ROWS}) n");
        let result: String = (1..=ROWS).map(|n| format!("{n}|{}\n", "x".repeat(50))).collect();
        self.psql(&rows).run().ok().output(result);
        let text = "0123456789".repeat(200_000);
        // The statement is longer than an argument can be.
        let long = format!("select length('{text}'), '{text}';\n");
        let psql = self.program("psql").args(["-X", "-A", "-t", "-d", "postgres"]);
        psql.input(long).run().ok().output(format!("{}|{text}\n", text.len()));
    }

    /// Runs a benchmark of ten clients, and compares its transactions with those in the database.
    fn expect_transactions(&self) {
        const EACH: usize = 40;
        self.pgbench(&["-i", "-q"]);
        let outcome = self.pgbench(&["-n", "-c", "10", "-j", "2", "-t", &EACH.to_string()]);
        let all = 10 * EACH;
        outcome.prints(&format!("number of transactions actually processed: {all}/{all}\n"));
        let count = "select count(*), (select count(*) from pgbench_accounts) from pgbench_history";
        self.psql(count).run().ok().output(format!("{all}|100000\n"));
        // With -C each transaction uses a new connection.
        let outcome = self.pgbench(&["-n", "-S", "-C", "-c", "10", "-j", "2", "-t", "20"]);
        outcome.prints("actually processed: 200/200\n");
    }

    /// Cancels a query, for which the client connects once more.
    fn expect_cancellation(&self) {
        let query = "select pg_sleep(3600)";
        let psql = self.psql(query).start();
        let active = format!(
            "select count(*) from pg_stat_activity where query = '{query}' and state = 'active'"
        );
        wait_until("the query runs", || self.psql(&active).run().ok().stdout == b"1\n");
        signal(&psql, Signal::INT);
        psql.end().code(1).says("canceling statement due to user request");
    }
}

#[test]
fn sessions_pass_through_a_second_name_and_through_tcp() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _server = Server::start(&scene);
    let target = format!("./server/{SOCKET}");
    fs::create_dir(scene.path("relayed")).unwrap();
    let _relay = relay(&scene, &format!("./relayed/{SOCKET}"), &target);
    Client::by_name(&scene, "relayed").expect_service();
    let (_relay, port) = relay_by_tcp(&scene, &target);
    Client::by_tcp(&scene, port).expect_service();
}

#[test]
fn the_list_of_sockets_agrees_with_ss() {
    if !is_here() || !has("ss") {
        return;
    }
    let scene = Scene::new();
    let _server = Server::start(&scene);
    let psql = Client::by_name(&scene, "server").psql("select pg_sleep(3600)").start();
    let pid = psql.pid().to_string();
    let mut session = Vec::new();
    wait_until("the server has accepted the session", || {
        session = rows(&scene, &["--all", "--pid", &pid]);
        session.iter().any(|row| row["state"] == "connected" && !row["name"].is_null())
    });
    let session = session.iter().find(|row| !row["name"].is_null()).unwrap();
    assert_eq!(session["client"]["processes"][0]["command"], "psql");
    assert_eq!(session["server"]["processes"][0]["command"], "postgres");
    let name = scene.path("server").join(SOCKET);
    let (listening, connected) = assert_agreement(&scene, name.to_str().unwrap());
    assert!(listening == 1 && connected >= 1, "{listening} {connected}");
}
