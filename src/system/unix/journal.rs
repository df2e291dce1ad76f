//! The journal of systemd.

use rustix::{fs::fstat, stdio::stderr};
use std::env;

/// Returns whether standard error is a stream to the journal: `JOURNAL_STREAM` has its device and
/// inode (`systemd.exec(5)`). The variable alone does not tell, because standard error may have been
/// redirected since.
pub(crate) fn stderr_is_journal() -> bool {
    let Ok(stream) = env::var("JOURNAL_STREAM") else { return false };
    fstat(stderr()).is_ok_and(|stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
}
