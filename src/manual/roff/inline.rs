//! Text within a line: escape sequences and fonts (`man(7)`, `groff_char(7)`).

use super::super::block::{Font, Span, Text};

/// Escape sequences, without the backslash, and what they stand for.
const ESCAPES: [(&str, &str); 10] = [
    ("-", "-"),
    ("e", "\\"),
    ("&", ""),
    ("~", "\u{a0}"),
    ("(aq", "'"),
    ("(ga", "`"),
    ("(lq", "“"),
    ("(rq", "”"),
    ("(ti", "~"),
    ("(bu", "•"),
];

/// Reads text. `font` is the current font, which `\f` changes.
///
/// # Errors
/// An escape sequence that is not known.
pub(super) fn spans(font: &mut Font, text: &str) -> Result<Text, String> {
    let mut spans = vec![Span { font: *font, text: String::new() }];
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        let last = spans.last_mut().ok_or("no text")?;
        last.text.push_str(before);
        if let Some(letter) = escape.strip_prefix('f') {
            let letter = letter.get(..1).unwrap_or_default();
            *font = self::font(letter).map_err(|_| format!("`\\{escape}`"))?;
            spans.push(Span { font: *font, text: String::new() });
            rest = &escape[2..];
            continue;
        }
        let known = ESCAPES.iter().find(|(name, _)| escape.starts_with(name));
        let (name, replaced) = known.ok_or_else(|| format!("`\\{escape}`"))?;
        last.text.push_str(replaced);
        rest = &escape[name.len()..];
    }
    if let Some(last) = spans.last_mut() {
        last.text.push_str(rest);
    }
    spans.retain(|span| !span.text.is_empty());
    Ok(spans)
}

/// Reads arguments in two fonts in turn, without spaces between them.
///
/// # Errors
/// Those of [`spans`].
pub(super) fn in_fonts(arguments: &[&str], fonts: [Font; 2]) -> Result<Text, String> {
    let mut text = Text::new();
    for (argument, mut font) in arguments.iter().zip(fonts.into_iter().cycle()) {
        text.extend(spans(&mut font, argument)?);
    }
    Ok(text)
}

/// Returns the font of a letter.
///
/// # Errors
/// The letter of another font.
pub(super) fn font(letter: &str) -> Result<Font, String> {
    match letter {
        "R" => Ok(Font::Roman),
        "B" => Ok(Font::Bold),
        "I" => Ok(Font::Italic),
        _ => Err(format!("the font `{letter}`")),
    }
}

/// Splits the arguments of a request at spaces outside double quotes.
pub(super) fn arguments(text: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (argument, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        arguments.push(argument.to_owned());
        rest = after.trim_start();
    }
    arguments
}
