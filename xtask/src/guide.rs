//! `cargo xtask guide`: the guide as a site, from `docs/`, the comments in the code, and the files that its pages link to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::{command, root, run, step, target};
use crate::{package, tools};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Serve the site when it is built, at this port
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "4470")]
    serve: Option<u16>,
}

/// Builds the site and says where it is.
pub(crate) fn run_guide(options: &Options) -> Result<()> {
    package::build()?;
    build()?;
    println!("\nThe guide is in {}", shown(&site()));
    let Some(port) = options.serve else {
        println!("`cargo xtask guide --serve` shows it at http://localhost:4470");
        return Ok(());
    };
    let port = port.to_string();
    run(&mut vitepress(&["preview", "--port", &port]))
}

/// The same for a package that has been built.
pub(crate) fn build() -> Result<()> {
    tools::npm_install("guide")?;
    step("Pages");
    run(&mut node("stage.mjs"))?;
    step("Reference of the package");
    run(&mut node("reference.mjs"))?;
    step("Reference of the crate");
    let crate_pages = document()?;
    step("Site");
    let site = site();
    if site.exists() {
        fs::remove_dir_all(&site)?;
    }
    run(&mut vitepress(&["build"]))?;
    copy(&crate_pages, &site.join("rust"))?;
    step("Links");
    run(&mut node("check.mjs"))
}

/// `cargo xtask draw`.
pub(crate) fn draw() -> Result<()> {
    step("Drawings");
    let args = ["test", "--package", "relatch", "--test", "drawings", "--", "--nocapture"];
    run(command("cargo", &args).env("RELATCH_WRITE", "1"))
}

/// Where the site is built.
fn site() -> PathBuf {
    target().join("guide/site")
}

/// rustdoc of the crate as it is compiled for the browser. A link in it that leads nowhere is an error, but for one to a
/// private item, which is shown as a name.
fn document() -> Result<PathBuf> {
    let triple = "wasm32-unknown-unknown";
    let out = target().join(triple).join("doc");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let args = ["doc", "--package", "relatch", "--lib", "--no-deps", "--target", triple];
    run(command("cargo", &args).env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links"))?;
    Ok(out)
}

fn node(script: &str) -> std::process::Command {
    let mut command = command("node", &[script]);
    command.current_dir(root().join("guide"));
    command
}

fn vitepress(args: &[&str]) -> std::process::Command {
    let mut all = vec!["vitepress"];
    all.extend(args);
    let mut command = command("npx", &all);
    command.current_dir(root().join("guide"));
    command
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{} is missing", from.display()))? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to)?;
        } else {
            fs::copy(&path, &to)?;
        }
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
