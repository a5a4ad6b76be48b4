//! `cargo xtask explore`: every interleaving of the protocol's small worlds, and of larger ones.

use anyhow::Result;

use crate::process::{command, run, step};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write what is found into docs/exploration.md, instead of comparing it
    #[arg(long)]
    write: bool,
    /// Explore the larger worlds too; takes long, and many gigabytes of memory
    #[arg(long)]
    larger: bool,
}

/// What runs the explorer; it wants optimised code and one test at a time, for each takes all processors.
pub(crate) const ARGS: [&str; 12] = [
    "cargo",
    "test",
    "--package",
    "relatch",
    "--profile",
    "explore",
    "--features",
    "mutations",
    "--test",
    "model",
    "--",
    "--nocapture",
];

/// Explores, and prints what it sees.
pub(crate) fn explore(options: &Options) -> Result<()> {
    step("Exploring");
    let [program, rest @ ..] = ARGS;
    let mut args = rest.to_vec();
    args.push("--test-threads=1");
    if options.larger {
        args.push("--include-ignored");
    }
    let mut command = command(program, &args);
    if options.write {
        command.env("RELATCH_WRITE", "1");
    }
    run(&mut command)
}
