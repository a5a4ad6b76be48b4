//! Sets up what a command needs and the machine lacks. What cargo and npm install goes into the clone, and what `apt-get`
//! and rustup do into the machine.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::debian;
use crate::process::{Lane, command, first_line, root, run, step, target};

/// The version of wasm-bindgen that the library, the generator and the test runner must agree on.
pub(crate) const WASM_BINDGEN: &str = "0.2.130";
const WASM_PACK: &str = "0.15.1";
const GECKODRIVER: &str = "0.37.1";
/// They are used for a minute, and built in half the time.
const QUICKLY_BUILT: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
];
/// The oldest Node.js that the package's tools run on: of each line that has one, the least (vite's `engines`).
pub(crate) const NODE: [(u32, u32); 2] = [(20, 19), (22, 12)];

/// What `cargo xtask build` needs: the wasm target and the package's npm tools.
pub(crate) fn for_build() -> Result<()> {
    wasm_target()?;
    node()?;
    npm_install("pkg-template")
}

/// What looks at how the code is written: rustup's minimal profile has neither.
pub(crate) fn for_lint() -> Result<()> {
    if ["fmt", "clippy"].iter().all(|tool| first_line("cargo", &[tool, "--version"]).is_some()) {
        return Ok(());
    }
    step("rustfmt and clippy");
    run(&mut command("rustup", &["component", "add", "rustfmt", "clippy"]))
        .context("install them as your Rust distribution does it, then run this again")
}

/// What `wasm-pack test` needs.
pub(crate) fn for_wasm_tests(lane: Lane) -> Result<()> {
    cargo_install(lane, "wasm-bindgen-cli", "wasm-bindgen-test-runner", WASM_BINDGEN)?;
    cargo_install(lane, "wasm-pack", "wasm-pack", WASM_PACK)
}

/// The driver of Firefox.
pub(crate) fn geckodriver() -> Result<()> {
    cargo_install(Lane::Front, "geckodriver", "geckodriver", GECKODRIVER)
}

/// What the example server's tests start a `PostgreSQL` with; `examples/server/tests/postgres.sh` looks in the same places.
pub(crate) fn postgres() -> Result<()> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let is_there = versions.into_iter().any(|version| debian::is_file(&version.path().join("bin/initdb")));
    let elsewhere = || first_line("pg_config", &["--bindir"]).map(|folder| Path::new(&folder).join("initdb"));
    if is_there || debian::which("initdb").or_else(elsewhere).is_some_and(|initdb| debian::is_file(&initdb)) {
        return Ok(());
    }
    debian::install(
        &["postgresql"],
        "the example server's tests need PostgreSQL. On Debian: `sudo apt-get install postgresql`. Elsewhere install \
         it, and have its initdb and pg_ctl on PATH.",
    )
}

/// Installs a folder's npm packages as its lock file says, unless that is done already.
pub(crate) fn npm_install(folder: &str) -> Result<()> {
    let dir = root().join(folder);
    let lock = std::fs::read(dir.join("package-lock.json")).with_context(|| format!("{folder} has no lock file"))?;
    let stamp = dir.join("node_modules/.relatch-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    step(&format!("npm packages of {folder}"));
    // Not `npm ci`: it refuses a lock file that was made where the binaries for other platforms were not to be had.
    let args = ["install", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund", "--loglevel=error"];
    run(command("npm", &args).current_dir(&dir))?;
    // Where npm has put it in other words.
    std::fs::write(dir.join("package-lock.json"), &lock)?;
    std::fs::write(stamp, lock)?;
    Ok(())
}

fn wasm_target() -> Result<()> {
    let sysroot = first_line("rustc", &["--print", "sysroot"]).context("rustc is not to be found")?;
    if std::path::Path::new(&sysroot).join("lib/rustlib/wasm32-unknown-unknown").exists() {
        return Ok(());
    }
    step("Rust's wasm32-unknown-unknown target");
    run(&mut command("rustup", &["target", "add", "wasm32-unknown-unknown"]))
        .context("install the target as your Rust distribution does it, then run this again")
}

fn node() -> Result<()> {
    let version = first_line("node", &["--version"]).unwrap_or_default();
    ensure!(
        is_new_enough(&version),
        "Node.js 20.19, or 22.12 and newer, is needed (found: {version:?}); see https://nodejs.org"
    );
    Ok(())
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map_while(|number| number.parse::<u32>().ok());
    let Some(version) = numbers.next().zip(numbers.next()) else { return false };
    let [least, beyond] = NODE;
    version >= beyond || (version >= least && version.0 == least.0)
}

fn cargo_install(lane: Lane, package: &str, binary: &str, version: &str) -> Result<()> {
    let tools = target().join("tools");
    let installed = first_line(&tools.join("bin").join(binary).to_string_lossy(), &["--version"]);
    if installed.is_some_and(|line| line.split_whitespace().any(|word| word == version)) {
        return Ok(());
    }
    step(&format!("{package} {version} (built once, a minute or two)"));
    let (tools, build) = (tools.to_string_lossy().into_owned(), target().join("tools-build"));
    let build = build.to_string_lossy().into_owned();
    let args = ["install", package, "--version", version, "--root", &tools, "--target-dir", &build, "--force"];
    let mut install = lane.command("cargo", &args);
    let (_, succeeded) = lane.watch(install.env_remove("CARGO_TARGET_DIR").envs(QUICKLY_BUILT))?;
    ensure!(succeeded, "{package} {version} could not be built");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_is_new_enough_or_not() {
        for (version, expected) in [
            ("v20.19.0", true),
            ("v20.9.1", false),
            ("v21.7.3", false),
            ("v22.5.1", false),
            ("v22.12.0", true),
            ("v24.0.0", true),
            ("", false),
        ] {
            assert_eq!(is_new_enough(version), expected, "{version}");
        }
    }
}
