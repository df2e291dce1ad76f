//! Loads saved results.

use super::json::parse;
use crate::{bench::Results, diag::Failure};
use local_socket::error::reason;
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// Limit of the size of a file, far above that of any results.
const LARGEST: u64 = 64 << 20;

/// Loads the results for `--compare`. This happens before anything is measured, because the new
/// results may be saved to the same file.
///
/// # Errors
/// `Failure::Saved` with an error of `open(2)` or `read(2)`, `FileTooLarge` if the file has more than
/// 64 MiB, `InvalidData` if it is not UTF-8, or an error of the JSON parser.
pub(crate) fn load(path: &Path) -> Result<Results, Failure> {
    let read = || {
        let mut text = String::new();
        let length = File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
        if length as u64 > LARGEST {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large"));
        }
        Ok(text)
    };
    read()
        .map_err(|error| anyhow::Error::msg(reason(&error)))
        .and_then(|text| parse(&text))
        .map_err(|error| Failure::Saved { path: path.to_owned(), error })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::fs;

    use crate::bench::{fixture::everything, report::json::json};

    #[test]
    fn saved_results_are_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("saved");
        fs::write(&path, json(&everything())).unwrap();
        assert_eq!(load(&path).unwrap(), everything());
    }

    #[test]
    fn errors_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("saved");
        let message = |path: &Path| load(path).unwrap_err().to_string();
        let missing = message(&path);
        let begin = format!("cannot compare with {}: ", path.display());
        assert!(missing.starts_with(&begin), "{missing}");
        fs::write(&path, "{}").unwrap();
        assert_eq!(message(&path), format!("{begin}this is not a result of lsock bench"));
    }
}
