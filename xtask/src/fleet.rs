//! `cargo xtask fleet`: a day of a million clients against a server that has a capacity, by `benches/fleet`.

use anyhow::Result;

use crate::process::{command, run, step};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What the simulation is told: `--clients N`, `--scenario NAME`, `--alone`, `--seed N`, `--life MINUTES`, `--write`; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

/// The smaller fleet that is part of the tests.
pub(crate) const TEST: [&str; 11] = [
    "cargo",
    "test",
    "--package",
    "relatch-fleet",
    "--profile",
    "explore",
    "--test",
    "bounds",
    "--",
    "--ignored",
    "--nocapture",
];

/// Simulates, and prints what it sees.
pub(crate) fn fleet(options: &Options) -> Result<()> {
    step("A fleet of clients");
    let args = ["run", "--quiet", "--package", "relatch-fleet", "--profile", "explore", "--"];
    let options = options.options.iter().map(String::as_str);
    run(&mut command("cargo", &args.into_iter().chain(options).collect::<Vec<_>>()))
}
