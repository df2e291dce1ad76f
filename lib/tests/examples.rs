//! Runs the examples as a reader would.

use crate::harness::{unique_word, within_deadline};
use std::{
    env,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// Returns the path of an example's program, which cargo builds with the tests.
fn example(name: &str) -> PathBuf {
    let mut folder = env::current_exe().unwrap();
    folder.pop();
    let program =
        folder.with_file_name("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(program.exists(), "cargo test -p local_socket builds {}", program.display());
    program
}

/// A server that is killed at the end of the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn clients_are_greeted_by_listeners() {
    within_deadline(|| {
        for listener in ["listener", "listener_tokio"] {
            let word = unique_word();
            let mut server = Command::new(example(listener));
            let server = server.arg(&word).stdout(Stdio::piped()).spawn().unwrap();
            let mut server = Server(server);
            let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines();
            assert_eq!(lines.next().unwrap().unwrap(), format!("listening under {word}"));
            for client in ["client", "client_tokio"] {
                let client = Command::new(example(client)).arg(&word).output().unwrap();
                assert!(client.status.success(), "{client:?}");
                let greeting = String::from_utf8(client.stdout).unwrap();
                let who = greeting.trim_end().strip_prefix("hello, ").unwrap();
                assert!(who.starts_with("client "), "{greeting}");
                assert_eq!(lines.next().unwrap().unwrap(), format!("greeted {who}"));
            }
        }
    });
}
