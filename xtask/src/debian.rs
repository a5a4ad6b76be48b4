//! Installs programs by Debian's package manager, where it is and may be used.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::process::{command, first_line, run, step, target};

/// Installs packages; where that is not possible, `by_hand` is the error: what to install, and how.
pub(crate) fn install(packages: &[&str], by_hand: &str) -> Result<()> {
    if which("apt-get").is_none() {
        bail!("{by_hand}");
    }
    let is_root = first_line("id", &["-u"]).as_deref() == Some("0");
    let may_sudo = !is_root && first_line("sudo", &["-n", "id", "-u"]).as_deref() == Some("0");
    if !is_root && !may_sudo {
        bail!("{by_hand}");
    }
    step(&format!("Debian packages: {}", packages.join(" ")));
    let apt = |args: &[&str]| {
        let (program, first) = if is_root { ("apt-get", None) } else { ("sudo", Some("apt-get")) };
        let words: Vec<_> = first.into_iter().chain(["-qq"]).chain(args.iter().copied()).collect();
        run(command(program, &words).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update"])?;
    let mut args = vec!["install", "-y", "--no-install-recommends"];
    args.extend(packages);
    apt(&args)
}

/// A program's path; the project's own tools come first.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let tools = target().join("tools/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(tools).chain(std::env::split_paths(&path)).map(|dir| dir.join(program)).find(|path| is_file(path))
}

pub(crate) fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file())
}
