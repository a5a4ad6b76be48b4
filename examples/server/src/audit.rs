//! What happened to sessions: one line each in the log, and a count for the tests.
//!
//! Only ids appear here. A token or a cookie in a log is a token or a cookie in every copy of it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tracing::{info, warn};

#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub(crate) fn zero(&self) {
        self.0.store(0, Relaxed);
    }
}

#[derive(Default)]
pub(crate) struct Audit {
    pub(crate) rotated: Counter,
    pub(crate) reuse: Counter,
    pub(crate) refused: Counter,
    pub(crate) families_revoked: Counter,
}

// Every event goes through here, counted or not.
#[allow(clippy::unused_self)]
impl Audit {
    pub(crate) fn zero(&self) {
        let Self { rotated, reuse, refused, families_revoked } = self;
        for counter in [rotated, reuse, refused, families_revoked] {
            counter.zero();
        }
    }

    pub(crate) fn signed_in(&self, user_id: &str, family_id: &str, provider: &str) {
        let (user, family) = (short(user_id), short(family_id));
        info!("sign-in: user {user}, family {family}, by {provider}");
    }

    pub(crate) fn sign_in_refused(&self, provider: &str) {
        warn!("sign-in refused, by {provider}");
    }

    pub(crate) fn rotated(&self, family_id: &str, number: i64) {
        self.rotated.add();
        info!("refresh: family {}, rotation {number}", short(family_id));
    }

    pub(crate) fn refresh_refused(&self) {
        self.refused.add();
        info!("refresh refused: no session");
    }

    pub(crate) fn reuse(&self, family_id: &str) {
        self.reuse.add();
        warn!("reuse: a rotated token of family {}", short(family_id));
    }

    pub(crate) fn revoked(&self, family_id: &str, why: &str) {
        self.families_revoked.add();
        info!("revoked: family {}, {why}", short(family_id));
    }

    pub(crate) fn signed_out(&self, family_id: &str) {
        info!("sign-out: family {}", short(family_id));
    }
}

/// Enough of an id to follow it through the log.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
