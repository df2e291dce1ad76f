//! Text of a console, which is UTF-16, from and to UTF-8. Both arrive in pieces that can end within
//! a character.

/// Converts typed text to UTF-8.
#[derive(Debug, Default)]
pub(super) struct TypedText {
    /// The first half of a surrogate pair whose second half has not arrived.
    high: Option<u16>,
}

/// Converts received bytes to UTF-16.
#[derive(Debug, Default)]
pub(super) struct ShownText {
    /// The beginning of a character whose other bytes have not arrived.
    begun: Vec<u8>,
}

impl TypedText {
    /// Converts the next piece. A surrogate without its other half, which is left when half of an
    /// emoji is deleted, becomes the replacement character.
    pub(super) fn convert(&mut self, units: &[u16]) -> String {
        const HIGH: std::ops::RangeInclusive<u16> = 0xd800..=0xdbff;
        let mut all: Vec<u16> = self.high.take().into_iter().chain(units.iter().copied()).collect();
        self.high = all.pop_if(|last| HIGH.contains(last));
        char::decode_utf16(all).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    }

    /// Returns the text of what is left at the end of the input.
    pub(super) fn end(&mut self) -> Option<char> {
        self.high.take().map(|_| char::REPLACEMENT_CHARACTER)
    }
}

impl ShownText {
    /// Converts the next piece. Invalid UTF-8 becomes the replacement character.
    pub(super) fn convert(&mut self, bytes: &[u8]) -> Vec<u16> {
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        let mut units = Vec::with_capacity(all.len());
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            units.extend(chunk.valid().encode_utf16());
            match chunk.invalid() {
                [] => {}
                invalid if chunks.peek().is_none() && is_begun(invalid) => {
                    self.begun = invalid.to_vec();
                }
                _ => units.push(char::REPLACEMENT_CHARACTER as u16),
            }
        }
        units
    }

    /// Returns the text of what is left at the end of the output.
    pub(super) fn end(&mut self) -> Option<u16> {
        let begun = std::mem::take(&mut self.begun);
        (!begun.is_empty()).then_some(char::REPLACEMENT_CHARACTER as u16)
    }
}

/// Returns whether invalid bytes are the beginning of a character.
fn is_begun(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// Returns the length of the longest beginning of at most `most` units that does not end within a
/// surrogate pair.
pub(super) fn whole_characters(units: &[u16], most: usize) -> usize {
    match units.get(most) {
        None => units.len(),
        Some(0xdc00..=0xdfff) if most > 1 => most - 1,
        Some(_) => most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(pieces: &[&[u16]]) -> String {
        let mut text = TypedText::default();
        let mut typed: String = pieces.iter().map(|piece| text.convert(piece)).collect();
        typed.extend(text.end());
        typed
    }

    fn shown(pieces: &[&[u8]]) -> Vec<u16> {
        let mut text = ShownText::default();
        let mut shown: Vec<u16> = pieces.iter().flat_map(|piece| text.convert(piece)).collect();
        shown.extend(text.end());
        shown
    }

    /// Splits a slice at positions that are taken modulo its length.
    fn pieces<'a, T>(mut rest: &'a [T], splits: &[usize]) -> Vec<&'a [T]> {
        let mut pieces = Vec::new();
        for split in splits {
            let (piece, others) = rest.split_at(split % (rest.len() + 1));
            pieces.push(piece);
            rest = others;
        }
        pieces.push(rest);
        pieces
    }

    /// Text and random bytes, as a peer may send them.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            any::<String>().prop_map(String::into_bytes),
            proptest::collection::vec(any::<u8>(), 0..8),
            // The beginning of a character of four bytes.
            Just(vec![0xf0, 0x9f, 0x98]),
        ];
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    /// Text and random units, as a console may deliver them.
    fn units() -> impl Strategy<Value = Vec<u16>> {
        let piece = prop_oneof![
            any::<String>().prop_map(|text| text.encode_utf16().collect()),
            proptest::collection::vec(any::<u16>(), 0..8),
            Just(vec![0xd83d]),
            Just(vec![0xde00]),
        ];
        proptest::collection::vec(piece, 0..8).prop_map(|pieces: Vec<Vec<u16>>| pieces.concat())
    }

    #[test]
    fn a_character_in_two_pieces_is_one_character() {
        for text in ["ü", "€", "日本", "😀"] {
            let (bytes, units): (&[u8], Vec<u16>) =
                (text.as_bytes(), text.encode_utf16().collect());
            for split in 0..bytes.len() {
                assert_eq!(shown(&[&bytes[..split], &bytes[split..]]), units);
            }
            for split in 0..units.len() {
                assert_eq!(typed(&[&units[..split], &units[split..]]), text);
            }
        }
    }

    #[test]
    fn a_character_is_shown_as_soon_as_it_is_complete() {
        let mut text = ShownText::default();
        assert_eq!(text.convert(b"a\xe2\x82"), [0x61]);
        assert_eq!(text.convert(b"\xac"), [0x20ac]);
        assert_eq!(text.end(), None);
    }

    #[test]
    fn invalid_text_is_replaced_where_it_stands() {
        assert_eq!(shown(&[b"a\xffb"]), [0x61, 0xfffd, 0x62]);
        assert_eq!(shown(&[b"a\xe2", b"b\xe2"]), [0x61, 0xfffd, 0x62, 0xfffd]);
        assert_eq!(typed(&[&[0x61, 0xde00, 0x62, 0xd83d]]), "a\u{fffd}b\u{fffd}");
        assert_eq!(typed(&[&[0xd83d], &[0x61]]), "\u{fffd}a");
        assert_eq!(typed(&[&[0xd83d], &[], &[0xde00]]), "😀");
    }

    #[test]
    fn pieces_of_a_write_keep_surrogate_pairs_together() {
        let units: Vec<u16> = "ab😀c".encode_utf16().collect();
        let lengths = [1, 2, 3, 4, 5, 6].map(|most| whole_characters(&units, most));
        assert_eq!(lengths, [1, 2, 2, 4, 5, 5]);
        // Invalid text ends as well.
        assert_eq!(whole_characters(&[0xde00, 0xde00], 1), 1);
    }

    proptest! {
        /// However the bytes arrive, they are shown as all of them at once.
        #[test]
        fn shown_text_does_not_depend_on_the_pieces(
            bytes in bytes(),
            splits in proptest::collection::vec(any::<usize>(), 0..6),
        ) {
            let expected: Vec<u16> = String::from_utf8_lossy(&bytes).encode_utf16().collect();
            prop_assert_eq!(shown(&pieces(&bytes, &splits)), expected);
        }

        /// However the units arrive, they are sent as all of them at once.
        #[test]
        fn typed_text_does_not_depend_on_the_pieces(
            units in units(),
            splits in proptest::collection::vec(any::<usize>(), 0..6),
        ) {
            let expected = String::from_utf16_lossy(&units);
            prop_assert_eq!(typed(&pieces(&units, &splits)), expected);
        }
    }
}
