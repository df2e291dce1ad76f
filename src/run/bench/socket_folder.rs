use super::plan::{BenchPlan, ServerChoice};
use crate::{bench::Transport, diag::Failure, system::signals};
use anyhow::Context as _;
use local_socket::Name;
use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use tempfile::TempDir;

/// Where socket files are made, if there are any. It goes with this, and with a signal that
/// ends the process.
#[derive(Debug)]
pub(super) struct SocketFolder {
    folder: Option<TempDir>,
    /// Set for good by a signal, after which nothing is as it should be any more.
    signal: Arc<AtomicBool>,
}

impl SocketFolder {
    pub(super) fn new(plan: &BenchPlan) -> anyhow::Result<Self> {
        let signal = Arc::new(AtomicBool::new(false));
        let makes_files = matches!(plan.server, ServerChoice::Process | ServerChoice::InProcess)
            && plan.cases.iter().any(|case| case.over == Transport::File);
        if cfg!(windows) || !makes_files {
            return Ok(Self { folder: None, signal });
        }
        // A signal waits until it is known what has to be removed.
        let _held = signals::Held::new();
        let folder = tempfile::Builder::new()
            .prefix("lsock-bench-")
            .tempdir()
            .context("cannot make a folder for socket files")?;
        if let Err(error) = Name::parse(&folder.path().join("1000000.sock")) {
            let message = format!("cannot make socket files there: {error}");
            let hint = Some("TMPDIR says where; a shorter one leaves room for names".to_owned());
            return Err(Failure::Advised { message, hint, status: 1 }.into());
        }
        let (path, is_set) = (folder.path().to_owned(), Arc::clone(&signal));
        signals::on_termination(move |signal| {
            is_set.store(true, Ordering::SeqCst);
            // What could not be removed is empty files in a folder for such.
            let _ = fs::remove_dir_all(&path);
            signals::die(signal);
        })
        .context("cannot watch for signals")?;
        Ok(Self { folder: Some(folder), signal })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.as_ref().map(|folder| folder.path().to_owned()).unwrap_or_default()
    }

    /// What came out, unless that is only because the folder was removed: the process is
    /// about to die of the signal then.
    pub(super) fn result<T>(&self, result: anyhow::Result<T>) -> anyhow::Result<T> {
        while result.is_err() && self.signal.load(Ordering::SeqCst) {
            thread::park();
        }
        result
    }
}
