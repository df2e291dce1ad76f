//! Names in the user's runtime folder, and in the folder for temporary files without it.

use super::{
    child::{Job, argument, tell},
    files::{Folder, mode},
};
use crate::harness::within_deadline;
use local_socket::{
    ListenerOptions, Stream, ToNsName as _,
    os::unix::SpecialDirUdSocket,
    traits::{Listener as _, Stream as _},
};
use std::{
    io::{Read as _, Write as _},
    path::Path,
};

const WORD: &str = "two missing folders/and one more/name with spaces.sock";

/// Returns a job with the given runtime folder and folder for temporary files.
fn job(runtime: Option<&Path>, temporary: &Path) -> Job {
    Job::new("runtime folder")
        .env("XDG_RUNTIME_DIR", runtime.map(Path::as_os_str))
        .env("TMPDIR", Some(temporary.as_os_str()))
        .with("word", WORD)
}

/// The job: listens and connects, and tells the path.
pub(super) fn listen_and_connect() {
    let word = argument("word");
    let name = word.to_ns_name::<SpecialDirUdSocket>().unwrap();
    for _ in 0..32 {
        let listener = ListenerOptions::new().name(name.borrow()).create_sync().unwrap();
        assert_eq!(listener.local_name().unwrap(), name);
        let mut client = Stream::connect(name.borrow()).unwrap();
        let mut server = listener.accept().unwrap();
        client.write_all(b"x").unwrap();
        server.read_exact(&mut [0]).unwrap();
    }
    let listener = ListenerOptions::new().name(name.borrow()).create_sync().unwrap();
    let std = match &listener {
        local_socket::Listener::UdSocket(listener) => listener.inner(),
    };
    tell(std.local_addr().unwrap().as_pathname().unwrap().to_str().unwrap());
}

#[test]
fn missing_folders_are_created_for_the_user_only() {
    within_deadline(|| {
        let (runtime, temporary) = (Folder::new(), Folder::new());
        let path = runtime.root().join(WORD);
        let lines = job(Some(runtime.root()), temporary.root()).run();
        assert_eq!(lines, [path.to_str().unwrap()]);
        for folder in path.ancestors().skip(1).take(2) {
            assert_eq!(mode(folder), 0o700, "{folder:?}");
        }
        assert!(!path.exists());
        assert_eq!(temporary.entries(), [""; 0]);
    });
}

/// The library does not create the runtime folder itself.
#[test]
fn without_a_runtime_folder_names_are_in_the_temporary_folder() {
    within_deadline(|| {
        for ordinary_user in [false, true] {
            let temporary = Folder::open_to_all(0o777);
            let existing = Folder::open_to_all(0o755);
            for missing in ["missing", "missing/too"] {
                let job = job(Some(&existing.root().join(missing)), temporary.root());
                let job = if ordinary_user { job.by_ordinary_user() } else { job };
                assert_eq!(job.run(), [temporary.root().join(WORD).to_str().unwrap()]);
            }
            assert_eq!(existing.entries(), [""; 0]);
        }
    });
}

/// Variables that are not absolute paths are ignored.
#[test]
fn relative_variables_are_ignored() {
    within_deadline(|| {
        let runtime = Folder::new();
        let lines = job(Some(runtime.root()), Path::new("relative")).run();
        assert_eq!(lines, [runtime.root().join(WORD).to_str().unwrap()]);
    });
}
