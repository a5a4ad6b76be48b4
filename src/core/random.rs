//! A small deterministic generator for jitter: the shell seeds it, and a test replays it.

/// xorshift64* (Vigna 2016). Spreads clients in time, and makes keys that differ; it is not for secrets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Random(u64);

impl Random {
    /// Zero is no seed: all that is spread is spread by nothing, so that histories repeat.
    pub(super) const fn new(seed: u64) -> Self {
        if seed == 0 {
            return Self(0);
        }
        // Neighbouring seeds are to give unlike sequences (the finalizer of splitmix64).
        let mixed = (seed ^ (seed >> 30)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Self((mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) | 1)
    }

    /// The next number in `0.0..1.0`.
    pub(super) fn fraction(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
        let fraction = (self.next() >> 40) as f64 / 16_777_216.0;
        fraction
    }

    /// The next 64 bits.
    pub(super) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_stay_in_range_and_spread() {
        let mut random = Random::new(1);
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
