//! `cargo xtask bench`: relatch and its peers, measured side by side; `--native`: the machines by themselves.

use anyhow::Result;

use crate::process::{command, root, run, step, target};
use crate::{browsers, package, tools};

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Options {
    /// Few rounds and seven of the peers, for a first look; writes nothing
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// A million calls for the memory, instead of 100,000
    #[arg(long)]
    full: bool,
    /// Only these parts, of size, call, storm, tabs, start, memory; writes nothing by itself
    #[arg(long, value_name = "PARTS")]
    only: Option<String>,
    /// Write the numbers of these parts, and leave those of the others as they are
    #[arg(long, requires = "only", conflicts_with = "quick")]
    write: bool,
    /// The state machines, natively: time per event, bytes per session; writes their table
    #[arg(long, conflicts_with_all = ["quick", "full", "only"])]
    native: bool,
}

/// Measures, and prints what it sees.
pub(crate) fn bench(options: &Options) -> Result<()> {
    if options.native {
        return native();
    }
    package::build()?;
    let chromium = browsers::ensure_chromium()?;
    for folder in ["tests/browser", "benches"] {
        tools::npm_install(folder)?;
    }
    // As it would be deployed: an unoptimised server would hide what the clients cost.
    step("Example server, optimised");
    run(&mut command("cargo", &["build", "--package", "relatch-example-server", "--release"]))?;
    step("Benches");
    let mut args = vec!["benches/run.mjs"];
    args.extend(options.quick.then_some("--quick"));
    args.extend(options.full.then_some("--full"));
    if let Some(only) = &options.only {
        args.extend(["--only", only]);
        args.extend(options.write.then_some("--write"));
    }
    let server = target().join("release/relatch-example-server");
    run(command("node", &args).current_dir(root()).env("RELATCH_CHROMIUM", chromium).env("RELATCH_SERVER", server))?;
    if options.quick || options.only.is_some() { Ok(()) } else { native() }
}

/// The machines by themselves, and their table in `benches/README.md`.
fn native() -> Result<()> {
    step("The machines");
    let folder = target().join("criterion");
    std::fs::create_dir_all(&folder)?;
    let bench = ["bench", "--package", "relatch", "--bench", "machines"];
    run(command("cargo", &bench).env("RELATCH_BYTES", folder.join("bytes.json")))?;
    run(command("node", &["benches/native.mjs"]).current_dir(root()))
}
