//! Builds the example that is written in Rust, `examples/leptos`, as a site of files.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use wasm_bindgen_cli_support::Bindgen;

use crate::process::{command, root, run, step, target};

/// The folder with its page, its script and its module.
pub(crate) fn build() -> Result<PathBuf> {
    step("examples/leptos");
    let example = root().join("examples/leptos");
    // In the project's own target folder, so that what both are made of is built once.
    let build = target().join("leptos");
    let build_arg = build.to_string_lossy().into_owned();
    let args = ["build", "--target", "wasm32-unknown-unknown", "--locked", "--target-dir", &build_arg];
    run(command("cargo", &args).current_dir(&example))?;
    let site = build.join("site");
    if site.exists() {
        fs::remove_dir_all(&site)?;
    }
    Bindgen::new()
        .input_path(build.join("wasm32-unknown-unknown/debug/relatch-example-leptos.wasm"))
        .web(true)?
        .typescript(false)
        .generate(&site)?;
    for name in ["index.html", "start.js", "style.css", "icon.svg"] {
        fs::copy(example.join(name), site.join(name))?;
    }
    Ok(site)
}
