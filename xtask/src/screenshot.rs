//! `cargo xtask screenshot`: photographs the demo for the README.

use anyhow::Result;

use crate::process::{command, root, run, step};
use crate::{browsers, demo, package, tools};

/// Builds, starts the demo, signs in by hand of a script, and writes `docs/demo-*.png`.
pub(crate) fn run_camera() -> Result<()> {
    package::build()?;
    let chromium = browsers::ensure_chromium()?;
    tools::npm_install("tests/browser")?;
    let program = demo::server()?;
    let server =
        demo::start(&program, &root().join("examples/html"), &["--port", "0", "--database", "sqlite::memory:"])?;
    step("Screenshots");
    let out = root().join("docs");
    std::fs::create_dir_all(&out)?;
    let args = ["tests/browser/screenshot.mjs", server.url.as_str(), &out.to_string_lossy()].map(str::to_owned);
    run(command("node", &args.each_ref().map(String::as_str)).env("RELATCH_CHROMIUM", chromium))
}
