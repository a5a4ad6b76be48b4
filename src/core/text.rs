//! Several texts in one, which is how they come from JavaScript: one after the other, each but the last with an end.

/// What ends a text. Neither a URL nor JSON has it in it.
pub const END: u8 = 0x1f;

/// Takes the first text off; an empty one if there is none left.
pub fn take<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest.bytes().position(|byte| byte == END).unwrap_or(rest.len());
    let text = rest.get(..end).unwrap_or_default();
    *rest = rest.get(end + 1..).unwrap_or_default();
    text
}

#[cfg(test)]
mod tests {
    use super::take;

    #[test]
    fn texts_are_taken_one_by_one_until_there_are_none() {
        let mut rest = "a\u{1f}\u{1f}bc";
        let texts = [(); 4].map(|()| take(&mut rest));
        assert_eq!(texts, ["a", "", "bc", ""]);
    }
}
