//! The recorder as numbers, which is how it leaves the module: names and words are put to them outside.

use super::{Millis, Record, Recorder, Session};

impl Recorder {
    /// The explanation, and the records from the one that is counted `since`.
    ///
    /// First the reason and its status; for how long this tab has had its token, what is left of it, and when it is due; when the
    /// server is asked next; what went wrong last, how long ago, how often it was tried again, whether it is over; the
    /// generation; whether tabs share, and whether the token is this tab's own; how many records there have been. Then the four numbers of
    /// each record.
    #[must_use]
    pub fn numbers(&self, session: &Session, now: Millis, is_online: bool, since: u32) -> Vec<u32> {
        let told = self.explain(session, now, is_online);
        let is_own = session.glance().is_own;
        let mut numbers = vec![
            told.reason as u32,
            told.status,
            told.had,
            told.left,
            told.due,
            told.next,
            told.problem,
            told.ago,
            told.retries,
            told.recovered.into(),
            session.generation().0,
            (session.is_shared() && !session.is_by_body()).into(),
            is_own.into(),
            self.count(),
        ];
        for number in since.max(self.first())..self.count() {
            if let Some(Record { at, what, about, span }) = self.record(number) {
                numbers.extend_from_slice(&[*at, *what, *about, *span]);
            }
        }
        numbers
    }
}
