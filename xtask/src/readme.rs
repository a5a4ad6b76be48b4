//! The README's measured numbers and the hash of the script: between `<!-- name -->` and `<!-- /name -->`, written by a command, checked by a test.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::process::root;
use crate::{compiler, package};

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
    text = replace(&text, "rust", compiler::MEASURED_WITH)?;
    replace(&text, "integrity", &format!("`{}`", package::integrity()?))
}

fn replace(text: &str, name: &str, value: &str) -> Result<String> {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let from = text.find(&open).with_context(|| format!("README.md has no {open}"))? + open.len();
    let to = from + text[from..].find(&close).with_context(|| format!("README.md has no {close}"))?;
    Ok(format!("{}{value}{}", &text[..from], &text[to..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::NODE;

    #[test]
    fn the_readme_asks_for_what_is_needed() {
        let read = |file: &str| fs::read_to_string(root().join(file)).unwrap_or_default();
        let server = read("examples/server/Cargo.toml");
        let rust = server.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap_or_default();
        let [(major, minor), (beyond, its_minor)] = NODE;
        let needed = format!(
            "With Rust {} and Node.js {major}.{minor} (or {beyond}.{its_minor}), or newer:",
            rust.trim_matches('"')
        );
        assert!(read("README.md").contains(&needed), "{needed}");
    }
}
