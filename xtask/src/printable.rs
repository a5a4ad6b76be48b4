//! The module as a text that any bundler carries as it is: `pkg-template/src/decode.ts` reads it.
//!
//! Of the printable characters of ASCII without those that a minifier or a page may escape, 88 are left. The first two stand
//! before a character that means 86, or 172, more than it does by itself. What a compressor finds in bytes it finds in such a
//! text too: after brotli it is 2 % more than the module, where hexadecimal digits are 6 % and base64 is 27 %.

/// Characters that are not used, of those from the space to the tilde. The same stand in `decode.ts`.
const SKIPPED: &[u8] = b"\"'`\\$<&";
/// How many bytes go by one character.
const PAGE: u8 = 86;

/// The text of these bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let letters: Vec<char> = (b' '..=b'~').filter(|letter| !SKIPPED.contains(letter)).map(char::from).collect();
    let mut text = String::with_capacity(bytes.len() * 5 / 4);
    for byte in bytes {
        let page = byte / PAGE;
        if page > 0 {
            text.extend(letters.get(usize::from(page) - 1));
        }
        text.extend(letters.get(usize::from(byte % PAGE) + 2));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn each_byte_is_a_letter_or_a_page_and_a_letter() {
        assert_eq!(encode(&[0, 85, 86, 172, 255]), "#~ #!#!|");
    }
}
