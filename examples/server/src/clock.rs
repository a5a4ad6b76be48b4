//! Time as Unix seconds inside, as RFC 3339 text outside.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(crate) fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// The same, in milliseconds.
pub(crate) fn now_ms() -> i64 {
    let nanos = OffsetDateTime::now_utc().unix_timestamp_nanos();
    i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX)
}

/// The text of a time in seconds.
pub(crate) fn rfc3339(seconds: i64) -> String {
    text(i128::from(seconds) * 1_000_000_000)
}

/// The text of a time in milliseconds.
pub(crate) fn rfc3339_ms(millis: i64) -> String {
    text(i128::from(millis) * 1_000_000)
}

fn text(nanos: i128) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}
