use super::plan::BenchPlan;
use crate::{
    bench::{BenchError, RunResult, Transport},
    diag::Failure,
    system::{HAS_SOCKET_FILES, signals},
};
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

/// A temporary folder for socket files, if the plan needs one. It is removed on drop and by
/// signals that end the process.
#[derive(Debug)]
pub(super) struct SocketFolder {
    folder: Option<TempDir>,
    /// Set by a signal, after which errors are consequences of the removed folder.
    signal: Arc<AtomicBool>,
}

impl SocketFolder {
    pub(super) fn new(plan: &BenchPlan) -> RunResult<Self> {
        let signal = Arc::new(AtomicBool::new(false));
        let makes_files =
            plan.target.is_none() && plan.cases.iter().any(|case| case.over == Transport::File);
        if !HAS_SOCKET_FILES || !makes_files {
            return Ok(Self { folder: None, signal });
        }
        // Blocks signals until the handler that removes the folder is installed.
        let _held = signals::BlockedSignals::new();
        let folder = tempfile::Builder::new()
            .prefix("lsock-bench-")
            .tempdir()
            .map_err(BenchError::io("cannot create a folder for socket files"))?;
        if let Err(error) = Name::parse(&folder.path().join("1000000.sock")) {
            let message =
                format!("cannot create socket files in the folder for temporary files: {error}");
            let hint = Some("TMPDIR selects the folder; choose one with a shorter path".to_owned());
            return Err(Failure::Advised { message, hint, status: 1 }.into());
        }
        let (path, is_set) = (folder.path().to_owned(), Arc::clone(&signal));
        signals::on_termination(move |signal| {
            is_set.store(true, Ordering::SeqCst);
            // Ignored: at most empty socket files in a temporary folder remain.
            let _ = fs::remove_dir_all(&path);
            signals::die(signal);
        })
        .map_err(BenchError::io("cannot handle signals"))?;
        Ok(Self { folder: Some(folder), signal })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.as_ref().map(|folder| folder.path().to_owned()).unwrap_or_default()
    }

    /// Returns the result, unless a signal has removed the folder and thereby caused the error:
    /// then the process is about to end.
    pub(super) fn result<T>(&self, result: RunResult<T>) -> RunResult<T> {
        while result.is_err() && self.signal.load(Ordering::SeqCst) {
            thread::park();
        }
        result
    }
}
