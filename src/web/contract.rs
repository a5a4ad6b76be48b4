//! Reads the contract that the JavaScript side has checked: one text, field by field, as `writeContract` in
//! `pkg-template/src/contract.ts` has put them one after the other.
//!
//! How a request is put together and where the fields of its answer stand is known on the JavaScript side alone.

use crate::core::{Expected, Millis, Policy, Rules, Scope, Sign, Signs, text};

/// Where the switches stand among the bits of their number.
mod switch {
    pub(super) const BY_COOKIE: u32 = 1;
    pub(super) const BY_SESSION: u32 = 2;
    pub(super) const READS_SESSION: u32 = 4;
    pub(super) const BY_BODY: u32 = 8;
    pub(super) const SHARED: u32 = 16;
    pub(super) const GIVES: u32 = 32;
}

/// Reads a contract.
pub(super) fn read(text: &str) -> (Policy, Scope) {
    let mut reader = Reader(text);
    let (timeout, lead, switches) = (reader.number(), reader.number(), reader.number());
    let has = |switch| switches & switch != 0;
    let (dead, refused, stays) = (reader.signs(), reader.signs(), reader.signs());
    let (gone, expired, unproven) = (reader.signs(), reader.signs(), reader.signs());
    let rules = Rules {
        dead,
        refused,
        gone,
        stays,
        expired,
        unproven,
        by_cookie: has(switch::BY_COOKIE),
        by_session: has(switch::BY_SESSION),
    };
    let policy = Policy {
        rules,
        timeout: Millis(timeout.into()),
        lead: Millis(lead.into()),
        reads_session: has(switch::READS_SESSION),
        by_body: has(switch::BY_BODY),
        shared: has(switch::SHARED),
        gives: has(switch::GIVES),
    };
    (policy, Scope::new(reader.texts(), reader.texts()))
}

struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn text(&mut self) -> &'a str {
        text::take(&mut self.0)
    }

    /// A number in digits, or nothing, which is zero.
    fn number(&mut self) -> u32 {
        let mut number = 0_u32;
        for byte in self.text().bytes() {
            number = number.wrapping_mul(10).wrapping_add(u32::from(byte.wrapping_sub(b'0')));
        }
        number
    }

    fn texts(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        for _ in 0..self.number() {
            texts.push(self.text().to_owned());
        }
        texts
    }

    fn signs(&mut self) -> Signs {
        let mut signs = Vec::new();
        for _ in 0..self.number() {
            let (status, fact, kind, text) = (self.number(), self.number(), self.number(), self.text());
            let expected = match kind {
                0 => Expected::Something,
                1 => Expected::Is(text.to_owned()),
                _ => Expected::Has(text.to_owned()),
            };
            #[expect(clippy::cast_possible_truncation, reason = "checked: 100 to 599")]
            let status = (status != 0).then_some(status as u16);
            // Zero is none, so that there need be no sign.
            let fact = (fact as usize).checked_sub(1).map(|place| (place, expected));
            signs.push(Sign { status, fact });
        }
        Signs(signs)
    }
}
