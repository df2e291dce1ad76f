//! The words of a command line as bash has them: quoted.

/// The word at the cursor as it was typed, up to the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BashLine {
    raw: String,
    value: String,
    folder: Option<TypedFolder>,
    /// The quotation mark that is open at the cursor.
    quote: Option<char>,
}

/// The beginning of a word up to its last slash.
#[derive(Debug, PartialEq, Eq)]
struct TypedFolder {
    raw_length: usize,
    value_length: usize,
    /// The quotation mark that is open at its end.
    quote: Option<char>,
}

impl BashLine {
    /// Splits a line into the words before the cursor, unquoted, and the word at the cursor.
    pub(super) fn split(line: &str) -> (Vec<String>, Self) {
        let mut words = Vec::new();
        let mut word = Self::default();
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            if word.quote.is_none() && matches!(c, ' ' | '\t' | '\n') {
                if !word.raw.is_empty() {
                    words.push(std::mem::take(&mut word).value);
                }
                continue;
            }
            word.raw.push(c);
            match (word.quote, c) {
                (None, '\'' | '"') => word.quote = Some(c),
                (Some(quote), c) if c == quote => word.quote = None,
                (None | Some('"'), '\\') => {
                    let is_escape = |next: &char| {
                        word.quote.is_none() || matches!(next, '"' | '\\' | '$' | '`')
                    };
                    match chars.next_if(is_escape) {
                        Some(next) => {
                            word.raw.push(next);
                            word.value.push(next);
                        }
                        None => word.value.push(c),
                    }
                }
                _ => word.value.push(c),
            }
            if c == '/' {
                word.folder = Some(TypedFolder {
                    raw_length: word.raw.len(),
                    value_length: word.value.len(),
                    quote: word.quote,
                });
            }
        }
        (words, word)
    }

    /// Returns the word without quotes.
    pub(super) fn value(&self) -> &str {
        &self.value
    }

    /// Returns the text that makes the word this value, in the quotation marks that are open. A
    /// folder stays as typed, with `~` and variables. `replaced` is the end of the word that bash
    /// replaces.
    pub(super) fn completed(&self, value: &str, replaced: &str) -> String {
        let is_kept = |folder: &&TypedFolder| value.starts_with(&self.value[..folder.value_length]);
        let mut text = String::new();
        let mut rest = value;
        if let Some(folder) = self.folder.as_ref().filter(is_kept) {
            text.push_str(&self.raw[..folder.raw_length]);
            rest = &value[folder.value_length..];
            // Bash closes the quotation mark after a folder.
            text.extend(folder.quote.filter(|_| self.quote.is_none()));
        } else {
            text.extend(self.quote);
        }
        text.push_str(&self.quoted(rest));
        let kept = self.raw.strip_suffix(replaced).unwrap_or_default();
        text.strip_prefix(kept).map(ToOwned::to_owned).unwrap_or(text)
    }

    fn quoted(&self, text: &str) -> String {
        let is_special = |c: char| match self.quote {
            None => " \t\\\"'<>;|&()$`*?[]!{}#~^".contains(c),
            Some('"') => "\"\\$`".contains(c),
            Some(_) => false,
        };
        let mut quoted = String::new();
        for c in text.chars() {
            if self.quote == Some('\'') && c == '\'' {
                quoted.push_str(r"'\'");
            } else if is_special(c) {
                quoted.push('\\');
            }
            quoted.push(c);
        }
        quoted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unquoted() {
        for (line, before, value) in [
            ("lsock connect ", &["lsock", "connect"][..], ""),
            ("lsock  connect ./a\\ b", &["lsock", "connect"], "./a b"),
            ("lsock connect './a b' \"x \\\" \\y", &["lsock", "connect", "./a b"], "x \" \\y"),
            ("lsock --over=fs,", &["lsock"], "--over=fs,"),
            ("lsock '' a", &["lsock", ""], "a"),
            ("lsock a\\", &["lsock"], "a\\"),
        ] {
            let (words, word) = BashLine::split(line);
            assert_eq!(
                (words, word.value()),
                (before.iter().map(ToString::to_string).collect(), value),
                "{line}"
            );
        }
    }

    #[test]
    fn values_are_quoted_as_the_word_began() {
        for (typed, replaced, value, completed) in [
            ("", "", "./a b", "./a\\ b"),
            ("./a", "./a", "./a$(b)", "./a\\$\\(b\\)"),
            ("\"./a", "./a", "./a $b'", "./a \\$b'"),
            ("'./a", "./a", "./a $b'", "./a $b'\\''"),
            ("~/a", "~/a", "~/a b/", "~/a\\ b/"),
            ("$HOME/a", "$HOME/a", "$HOME/ab", "$HOME/ab"),
            ("./x\\ y/a", "./x\\ y/a", "./x y/ab", "./x\\ y/ab"),
            ("--over=fi", "fi", "--over=file", "file"),
            ("'./x y/'a", "'./x y/'a", "./x y/a b", "'./x y/'a\\ b"),
            ("user:ro", "ro", "user:root", "root"),
            ("@a", "@a", "@ab", "@ab"),
        ] {
            let (_, word) = BashLine::split(&format!("lsock {typed}"));
            assert_eq!(word.completed(value, replaced), completed, "{typed}");
        }
    }
}
