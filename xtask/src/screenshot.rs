//! `cargo xtask screenshot`: photographs the demo and the devtools for the README and the docs.

use anyhow::Result;

use crate::process::{command, root, run, step};
use crate::{browsers, demo, package, tools};

/// How long an access token lives while the devtools are photographed, in seconds.
const DEVTOOLS_ACCESS_TTL: &str = "20";

/// Builds, starts the demo, signs in by hand of a script, and writes `docs/demo-*.png` and `docs/devtools-*.png`.
pub(crate) fn run_camera() -> Result<()> {
    package::build()?;
    let chromium = browsers::ensure_chromium()?;
    tools::npm_install("tests/browser")?;
    let program = demo::server()?;
    let site = root().join("examples/html");
    let flags = ["--port", "0", "--database", "sqlite::memory:"];
    let server = demo::start(&program, &site, &flags)?;
    step("Screenshots");
    let out = root().join("docs");
    std::fs::create_dir_all(&out)?;
    let shoot = |script: &str, url: &str| {
        let args = [script, url, &out.to_string_lossy()].map(str::to_owned);
        run(command("node", &args.each_ref().map(String::as_str)).env("RELATCH_CHROMIUM", &chromium))
    };
    shoot("tests/browser/screenshot.mjs", &server.url)?;
    // Another server: tokens that end while somebody watches.
    let flags: Vec<_> = flags.into_iter().chain(["--access-ttl", DEVTOOLS_ACCESS_TTL]).collect();
    let server = demo::start(&program, &site, &flags)?;
    shoot("tests/browser/screenshot-devtools.mjs", &server.url)
}
