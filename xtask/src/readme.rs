//! The README's measured numbers and the hash of the script: between `<!-- name -->` and `<!-- /name -->`, written by a command, checked by a test.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::package;
use crate::process::root;

/// `cargo xtask readme`.
pub(crate) fn write() -> Result<()> {
    fs::write(root().join("README.md"), current()?)?;
    Ok(())
}

/// Fails if a number in the README is not the measured one.
pub(crate) fn check() -> Result<()> {
    let written = fs::read_to_string(root().join("README.md"))?;
    ensure!(written == current()?, "run `cargo xtask readme` and commit README.md");
    Ok(())
}

/// The README as it should be after this build.
fn current() -> Result<String> {
    let mut text = fs::read_to_string(root().join("README.md"))?;
    let sizes = package::sizes()?;
    for (name, bytes) in sizes.iter().filter(|(name, _)| *name == "total") {
        // Whole kilobytes, rounded up: another compiler's byte here or there is no news.
        text = replace(&text, &format!("size-{name}"), &format!("{} kB", bytes.div_ceil(1000)))?;
    }
    replace(&text, "integrity", &format!("`{}`", package::integrity()?))
}

fn replace(text: &str, name: &str, value: &str) -> Result<String> {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let from = text.find(&open).with_context(|| format!("README.md has no {open}"))? + open.len();
    let to = from + text[from..].find(&close).with_context(|| format!("README.md has no {close}"))?;
    Ok(format!("{}{value}{}", &text[..from], &text[to..]))
}
