//! A small deterministic generator for jitter: the shell seeds it, and a test replays it.

/// xorshift64* (Vigna 2016). Spreads clients in time; it is not for secrets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        // Neighbouring seeds are to give unlike sequences (the finalizer of splitmix64).
        let mixed = (seed ^ (seed >> 30)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Self((mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) | 1)
    }

    /// The next number in `0.0..1.0`.
    pub(super) fn fraction(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40;
        #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
        let fraction = high as f64 / 16_777_216.0;
        fraction
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_stay_in_range_and_spread() {
        let mut random = Random::new(0);
        let sum: f64 = (0..1000)
            .map(|_| {
                let fraction = random.fraction();
                assert!((0.0..1.0).contains(&fraction));
                fraction
            })
            .sum();
        assert!((400.0..600.0).contains(&sum), "{sum}");
    }
}
