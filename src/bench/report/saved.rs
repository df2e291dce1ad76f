//! Results that were written to a file.

use super::json::parse;
use crate::bench::Results;
use anyhow::Context as _;
use std::{fs, path::Path};

/// The results in a file, to compare others with. They are read before anything is measured,
/// since the new ones may be saved under the same name.
///
/// # Errors
/// It cannot be read, or holds something else.
pub(crate) fn load(path: &Path) -> anyhow::Result<Results> {
    let text = fs::read_to_string(path).map_err(anyhow::Error::from);
    text.and_then(|text| parse(&text))
        .with_context(|| format!("cannot compare with {}", path.display()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::bench::{fixture::everything, report::json::json};

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("saved");
        fs::write(&path, json(&everything())).unwrap();
        assert_eq!(load(&path).unwrap(), everything());
    }

    #[test]
    fn errors_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("saved");
        let message = |path: &Path| format!("{:#}", load(path).unwrap_err());
        let missing = message(&path);
        let begin = format!("cannot compare with {}: ", path.display());
        assert!(missing.starts_with(&begin), "{missing}");
        fs::write(&path, "{}").unwrap();
        assert_eq!(message(&path), format!("{begin}this is not a result of lsock bench"));
    }
}
