//! Patterns of names.

use crate::{
    diag::escaped,
    system::socket_table::{ListedName, PathFinding},
};
use glob::Pattern;
use local_socket::{Name, Platform};
use std::path::{self, Path};

/// A shell pattern for names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NamePattern {
    /// A name in its exact form (`fs:`, `ns:`, `fs-hex:`, `ns-hex:`), as the list prints it.
    Exact(String),
    /// A pattern with a slash, for the whole path.
    Path(Pattern),
    /// A pattern after `@`, for abstract names.
    Abstract(Pattern),
    /// A pattern without both, for abstract names and for the last part of paths.
    Word(Pattern),
}

impl NamePattern {
    /// Parses a pattern. One that begins with `./` or `../` belongs to the current folder.
    ///
    /// # Errors
    /// The reason if it is no pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if ["fs:", "ns:", "fs-hex:", "ns-hex:"].iter().any(|prefix| text.starts_with(prefix)) {
            let name = Name::parse(text).map_err(|error| error.to_string())?;
            return Ok(Self::Exact(listed(&name)));
        }
        let pattern = |text: &str| {
            Pattern::new(text).map_err(|error| {
                let text = escaped(text);
                format!("invalid pattern `{text}`: {} at character {}", error.msg, error.pos + 1)
            })
        };
        if let Some(text) = text.strip_prefix('@') {
            // `@app` is a pipe there.
            let is_pipe = Platform::CURRENT == Platform::Windows;
            return pattern(text).map(if is_pipe { Self::Word } else { Self::Abstract });
        }
        if !text.contains(path::is_separator) {
            return pattern(text).map(Self::Word);
        }
        // The folder is no pattern.
        let relative = ["./", "../"].iter().any(|start| text.starts_with(start));
        let folder = relative.then(|| path::absolute(".").ok()).flatten();
        let Some(folder) = folder else { return pattern(text).map(Self::Path) };
        let mut folder = folder.as_path();
        let mut rest = text;
        loop {
            if let Some(next) = rest.strip_prefix("./") {
                rest = next;
            } else if let Some(next) = rest.strip_prefix("../") {
                folder = folder.parent().unwrap_or(folder);
                rest = next;
            } else {
                break;
            }
        }
        let folder = Pattern::escape(&folder.join("").to_string_lossy());
        pattern(&(folder + rest)).map(Self::Path)
    }

    /// Returns whether the pattern matches a name. In a path, `*` also matches slashes.
    pub(crate) fn matches(&self, name: &ListedName) -> bool {
        match (self, name) {
            (Self::Exact(text), name) => name.to_string() == *text,
            (Self::Path(pattern), ListedName::Path { path, .. }) => {
                pattern.matches(&path.to_string_lossy())
            }
            (Self::Abstract(pattern) | Self::Word(pattern), ListedName::Abstract(bytes)) => {
                pattern.matches(&String::from_utf8_lossy(bytes))
            }
            (Self::Word(pattern), ListedName::Path { path, .. }) => {
                path.file_name().is_some_and(|last| pattern.matches(&last.to_string_lossy()))
            }
            (Self::Path(_), ListedName::Abstract(_))
            | (Self::Abstract(_), ListedName::Path { .. }) => false,
        }
    }

    /// Returns whether the pattern would match a name if its folder, which is not known, were the
    /// right one.
    pub(crate) fn may_match(&self, name: &ListedName) -> bool {
        let ListedName::Path { path, finding: PathFinding::UnknownFolder } = name else {
            return false;
        };
        let Some(last) = path.file_name().map(|last| last.to_string_lossy()) else { return false };
        match self {
            Self::Exact(text) => {
                text.starts_with("fs-hex:") || text.rsplit(path::is_separator).next() == Some(&last)
            }
            Self::Path(pattern) => {
                let pattern = pattern.as_str().rsplit(path::is_separator).next();
                // It is none if brackets contain a slash.
                pattern.is_some_and(|it| Pattern::new(it).is_ok_and(|it| it.matches(&last)))
            }
            Self::Abstract(_) | Self::Word(_) => false,
        }
    }
}

/// Returns a name as the list prints it: with the folder of a relative path.
fn listed(name: &Name<'_>) -> String {
    let path = Path::new(name.as_os_str());
    let is_relative = name.is_path() && path.is_relative();
    match is_relative.then(|| path::absolute(path).ok()).flatten() {
        Some(path) => ListedName::Path { path, finding: PathFinding::Found }.to_string(),
        None => name.to_string(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn path(path: &str) -> ListedName {
        ListedName::Path { path: path.into(), finding: PathFinding::Found }
    }

    fn matches(pattern: &str, name: &ListedName) -> bool {
        NamePattern::parse(pattern).unwrap().matches(name)
    }

    /// Pipes have no folders, and there are no abstract names beside them.
    const HAS_PIPES: bool = matches!(Platform::CURRENT, Platform::Windows);

    #[test]
    fn patterns_match_as_in_a_shell() {
        let (name, matching, others) = if HAS_PIPES {
            (
                r"\\.\pipe\app[1].sock",
                ["*.sock", "@app*", "app?1?.soc[jk]", r"\\.\pipe\*", r"\\.\pipe\app[[]1].sock"],
                ["pipe", "app", "app[1].sock", "@*.socket", r"\\.\pipe", r"pipe\*"],
            )
        } else {
            (
                "/run/user/1000/app[1].sock",
                ["*.sock", "app*", "app?1?.soc[jk]", "/run/*", "/run/user/*/app[[]1].sock"],
                ["run", "app", "app[1].sock", "@app*", "/run", "user/*"],
            )
        };
        for pattern in matching {
            assert!(matches(pattern, &path(name)), "{pattern}");
        }
        for pattern in others {
            assert!(!matches(pattern, &path(name)), "{pattern}");
        }
    }

    #[test]
    fn patterns_match_abstract_names() {
        let name = ListedName::Abstract(b"/tmp/a b".to_vec());
        for pattern in ["@/tmp/*", "@*a?b", "*b"] {
            assert!(matches(pattern, &name), "{pattern}");
        }
        for pattern in ["/tmp/*", "a b", "@tmp"] {
            assert!(!matches(pattern, &name), "{pattern}");
        }
        if !HAS_PIPES {
            assert!(matches("ns:/tmp/a b", &name));
            assert!(matches("ns-hex:2f746d702f612062", &name));
            assert!(!matches("fs:/tmp/a b", &name));
            assert!(matches("ns-hex:ff0a", &ListedName::Abstract(vec![0xff, 10])));
        }
    }

    /// Returns the patterns that the system has: `fs:` is for files.
    fn possible<'a>(patterns: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
        patterns.iter().copied().filter(|pattern| !HAS_PIPES || !pattern.starts_with("fs"))
    }

    #[test]
    fn a_relative_pattern_belongs_to_the_current_folder() {
        let folder = std::env::current_dir().unwrap();
        let here = path(folder.join("a.sock").to_str().unwrap());
        let above = path(folder.parent().unwrap().join("a.sock").to_str().unwrap());
        let patterns =
            ["./a.sock", "././*.sock", "./*", "fs:a.sock", "fs:./a.sock", "fs-hex:612e736f636b"];
        for pattern in possible(&patterns) {
            assert!(matches(pattern, &here), "{pattern}");
            assert!(!matches(pattern, &above), "{pattern}");
        }
        assert!(matches("../*.sock", &above));
        assert!(matches("./../a.sock", &above));
    }

    #[test]
    fn a_pattern_with_a_folder_may_match_a_path_without_one() {
        let unknown = PathFinding::UnknownFolder;
        let name = ListedName::Path { path: "d/app.sock".into(), finding: unknown };
        for pattern in possible(&["/run/*.sock", "./app.sock", "/run/*", "fs:/run/app.sock"]) {
            let pattern = NamePattern::parse(pattern).unwrap();
            assert!(!pattern.matches(&name) && pattern.may_match(&name), "{pattern:?}");
            assert!(!pattern.may_match(&path("/run/app.sock")));
        }
        let others = ["/run/other", "@app*", "/run/*.sock/x", "app.sock", "fs:/run/app"];
        for pattern in possible(&others) {
            assert!(!NamePattern::parse(pattern).unwrap().may_match(&name), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_the_place() {
        let error = NamePattern::parse("a[b").unwrap_err();
        assert!(error.starts_with("invalid pattern `a[b`: ") && error.ends_with(" 2"), "{error}");
        assert!(NamePattern::parse("ns-hex:0").is_err());
    }
}
