//! `cargo xtask demo`: the package, the example backend and the demo page, from nothing to a URL.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::process::{Server, command, root, run, step, target};
use crate::{leptos, package};

/// Who can sign in at the demo.
pub(crate) const USER: &str = "demo@example.com:relatch-demo";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port; 0 picks a free one
    #[arg(long, default_value_t = 4460)]
    port: u16,
    /// How long an access token lives, in seconds
    #[arg(long, default_value_t = 60)]
    access_ttl: u32,
    /// The example that is written in Rust, in place of the plain page
    #[arg(long)]
    leptos: bool,
    /// Do not open a browser
    #[arg(long)]
    no_open: bool,
}

/// Runs until it is stopped.
pub(crate) fn run_demo(options: &Options) -> Result<()> {
    package::build()?;
    let program = server()?;
    let site = if options.leptos { leptos::build()? } else { root().join("examples/html") };
    step("Demo");
    let port = options.port.to_string();
    let ttl = options.access_ttl.to_string();
    let database = format!("sqlite:{}", target().join("demo.sqlite").display());
    let mut args = vec!["--port", &port, "--access-ttl", &ttl, "--database", &database];
    if cfg!(target_os = "macos") {
        // Safari takes no `Secure` cookie over http, not even from localhost.
        args.push("--insecure-cookies");
    }
    let server = start(&program, &site, &args)?;
    let (email, password) = USER.split_once(':').unwrap_or_default();
    println!("\n  {}\n\n  sign in as {email} with the password {password}", server.url);
    println!("  open it in two tabs side by side; Ctrl+C ends it\n");
    if !options.no_open {
        open(&server.url);
    }
    server.wait()
}

/// Builds the example server.
pub(crate) fn server() -> Result<PathBuf> {
    step("Example server");
    run(&mut command("cargo", &["build", "--package", "relatch-example-server"]))?;
    Ok(target().join("debug/relatch-example-server"))
}

/// Starts the example server with the pages of a folder.
pub(crate) fn start(program: &PathBuf, site: &Path, more: &[&str]) -> Result<Server> {
    let pkg = package::folder();
    let (site, pkg) = (site.to_string_lossy(), pkg.to_string_lossy());
    let mut args = vec!["--site", &site, "--package", &pkg, "--test-controls", "--demo-user", USER];
    args.extend(more);
    Server::start(&mut command(program, &args))
}

/// Opens a browser where there is one; where there is none, the URL has been printed.
fn open(url: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let has_screen =
        cfg!(target_os = "macos") || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if has_screen {
        let _ = Command::new(opener).arg(url).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    }
}
