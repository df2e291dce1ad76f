//! The JSON document: everything that was measured, for programs and for `--compare`, which loads
//! it.

use crate::{
    bench::{Results, SCHEMA},
    diag::{Failure, plain_json},
};
use anyhow::{Context as _, bail};
use local_socket::error::reason;
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// The value of the field `format`, which identifies a document.
const FORMAT: &str = "lsock-bench";

/// Formats the results as a JSON document.
pub(crate) fn json(results: &Results) -> String {
    // Results contain nothing that JSON cannot represent.
    let mut text = plain_json(&serde_json::to_string_pretty(results).unwrap_or_default());
    text.push('\n');
    text
}

/// Parses a document.
///
/// # Errors
/// An error if the text is not JSON, is not a result of `lsock bench`, has another version, or
/// lacks fields.
fn parse(text: &str) -> anyhow::Result<Results> {
    let value: serde_json::Value = serde_json::from_str(text).context("this is not JSON")?;
    let schema = value.get("schema").and_then(serde_json::Value::as_u64);
    let (Some(FORMAT), Some(schema)) = (value.get("format").and_then(|it| it.as_str()), schema)
    else {
        bail!("this is not a result of lsock bench");
    };
    if schema != u64::from(SCHEMA) {
        bail!("this is a result of another version of lsock (schema {schema} instead of {SCHEMA})");
    }
    // Parses the text again instead of `value`, so that the message contains the line.
    serde_json::from_str(text).context("this result of lsock bench is damaged")
}

/// Limit of the size of a file, far above that of any results.
const LARGEST: u64 = 64 << 20;

/// Loads the results for `--compare`. This happens before anything is measured, because the new
/// results may be saved to the same file.
///
/// # Errors
/// `Failure::Saved` with an error of `open(2)` or `read(2)`, `FileTooLarge` if the file has more
/// than 64 MiB, `InvalidData` if it is not UTF-8, or an error of the JSON parser.
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
    use crate::bench::{
        Amount, ServerDescription, ServerKind,
        fixture::{assert_golden, everything, tour},
    };
    use std::{fs, time::Duration};

    #[test]
    fn the_document_keeps_its_form() {
        assert_golden("everything.json", &json(&everything()));
    }

    #[test]
    fn documents_are_parsed_back() {
        for results in [everything(), tour()] {
            assert_eq!(parse(&json(&results)).unwrap(), results);
        }
    }

    #[test]
    fn every_server_description_is_kept() {
        use ServerKind::{ForeignDiscard, ForeignEcho, InProcess, OwnDiscard, OwnEcho, Process};
        for (kind, word, name) in [
            (Process, "process", None),
            (InProcess, "in-process", None),
            (ForeignEcho, "foreign-echo", Some("./a.sock")),
            (ForeignDiscard, "foreign-discard", Some("./a.sock")),
            (OwnEcho, "own-echo", Some("./a.sock")),
            (OwnDiscard, "own-discard", Some("./a.sock")),
        ] {
            assert_eq!(kind.to_string(), word);
            let mut results = everything();
            results.setup.server = ServerDescription { kind, name: name.map(str::to_owned) };
            let text = json(&results);
            assert_eq!(parse(&text).unwrap(), results);
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            let value = &value["setup"]["server"];
            assert_eq!(value["kind"], word);
            assert_eq!(value.get("name").and_then(|name| name.as_str()), name);
        }
    }

    #[test]
    fn every_amount_is_kept() {
        for (amount, json) in [
            (Amount::Time(Duration::from_millis(250)), r#"{"seconds":0.25}"#),
            (Amount::Bytes(1 << 40), r#"{"bytes":1099511627776}"#),
            (Amount::Messages(7), r#"{"messages":7}"#),
            (Amount::UntilClientsEnd, r#""until-clients-end""#),
        ] {
            assert_eq!(serde_json::to_string(&amount).unwrap(), json);
            assert_eq!(serde_json::from_str::<Amount>(json).unwrap(), amount);
        }
    }

    #[test]
    fn errors_say_what_is_wrong_with_a_document() {
        let error = |text: &str| format!("{:#}", parse(text).unwrap_err());
        assert!(error("<xml/>").starts_with("this is not JSON: "), "{}", error("<xml/>"));
        for text in ["{}", "[]", "null", r#"{"format": 1}"#, r#"{"format": "hyperfine 1"}"#] {
            assert_eq!(error(text), "this is not a result of lsock bench", "{text}");
        }
        assert_eq!(
            error(r#"{"format": "lsock-bench", "schema": 2}"#),
            "this is a result of another version of lsock (schema 2 instead of 1)"
        );
        let damaged = error(r#"{"format": "lsock-bench", "schema": 1, "rows": []}"#);
        assert!(damaged.starts_with("this result of lsock bench is damaged: missing"), "{damaged}");
    }

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
