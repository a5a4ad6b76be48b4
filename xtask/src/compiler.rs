//! The compiler that the committed numbers are of.

use crate::process::first_line;

/// Its version. To go on to another: change this, `cargo xtask readme`, and look at the budgets in `package.rs`.
pub(crate) const MEASURED_WITH: &str = "1.95.0";

/// Whether this is that compiler. Another one makes a package that is as good, of a few other bytes, and finds other things to
/// say about the code: its numbers are not judged, and its lints are not errors.
pub(crate) fn is_measured() -> bool {
    let version = first_line("rustc", &["--version"]).unwrap_or_default();
    version.split_whitespace().nth(1) == Some(MEASURED_WITH)
}

/// Says what is not judged.
pub(crate) fn say(what: &str) {
    println!("\nnot judged with this compiler, but with Rust {MEASURED_WITH}: {what}");
}
