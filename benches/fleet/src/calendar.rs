//! What happens when: a calendar queue (R. Brown, CACM 31(10), 1988) of two rings, in which adding and taking cost the same
//! however many events wait.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A slot of the near ring is 2^6 = 64 ms.
const SLOT_BITS: u32 = 6;
/// The near ring is 2^14 slots, which is 17.5 minutes; a slot of the far ring is one round of it.
const NEAR_BITS: u32 = 14;
const NEAR: usize = 1 << NEAR_BITS;
/// Three days.
const FAR: usize = 256;

/// Something that happens to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// When, in milliseconds.
    pub at: u32,
    /// To whom.
    pub who: u32,
    /// What.
    pub what: u32,
}

/// Entries in the order of their time, and at one time in the order of their numbers: the order in which they were added
/// makes no difference.
#[derive(Debug)]
pub struct Calendar {
    slot: u32,
    due: BinaryHeap<Reverse<Entry>>,
    near: Vec<Vec<Entry>>,
    far: Vec<Vec<Entry>>,
}

impl Calendar {
    /// A calendar that begins at this time.
    pub fn new(start: u32) -> Self {
        Self {
            slot: start >> SLOT_BITS,
            due: BinaryHeap::new(),
            near: vec![Vec::new(); NEAR],
            far: vec![Vec::new(); FAR],
        }
    }

    /// Adds an entry; one of the past happens next.
    pub fn push(&mut self, entry: Entry) {
        let slot = entry.at >> SLOT_BITS;
        if slot <= self.slot {
            self.due.push(Reverse(entry));
        } else if slot >> NEAR_BITS == self.slot >> NEAR_BITS {
            self.near[slot as usize % NEAR].push(entry);
        } else {
            self.far[(slot >> NEAR_BITS) as usize % FAR].push(entry);
        }
    }

    /// Takes the next entry that happens before `end`.
    pub fn pop(&mut self, end: u32) -> Option<Entry> {
        loop {
            if let Some(Reverse(entry)) = self.due.peek() {
                return if entry.at < end { self.due.pop().map(|Reverse(entry)| entry) } else { None };
            }
            if (self.slot + 1) << SLOT_BITS >= end {
                return None;
            }
            self.slot += 1;
            if (self.slot as usize).is_multiple_of(NEAR) {
                // What is farther away than the far ring reaches goes round once more.
                for entry in std::mem::take(&mut self.far[(self.slot >> NEAR_BITS) as usize % FAR]) {
                    self.push(entry);
                }
            }
            self.due.extend(self.near[self.slot as usize % NEAR].drain(..).map(Reverse));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_in_their_order_from_both_rings() {
        let mut calendar = Calendar::new(5_000);
        let mut random = fastrand::Rng::with_seed(1);
        let mut all: Vec<Entry> = (0..20_000)
            .map(|who| Entry { at: 5_000 + random.u32(0..600_000_000), who, what: random.u32(..) })
            .collect();
        for entry in &all {
            calendar.push(*entry);
        }
        all.sort_unstable();
        // What is added on the way comes in its place as well.
        let late = Entry { at: all[9_999].at + 1, who: 0, what: 0 };
        for entry in &all[..10_000] {
            assert_eq!(calendar.pop(u32::MAX >> 1), Some(*entry));
        }
        calendar.push(late);
        assert_eq!(calendar.pop(u32::MAX >> 1), Some(late));
        for entry in &all[10_000..] {
            assert_eq!(calendar.pop(entry.at), None);
            assert_eq!(calendar.pop(u32::MAX >> 1), Some(*entry));
        }
    }
}
