//! The project's commands: `cargo xtask build`, `demo`, `test`, …
//!
//! Each sets up what it needs and lacks, says what it does while it does it, and ends with an exit code.

mod bench;
mod browsers;
mod compiler;
mod debian;
mod demo;
mod explore;
mod fleet;
mod glue;
mod guide;
mod leptos;
mod package;
mod panics;
mod printable;
mod process;
mod readme;
mod screenshot;
mod size;
mod test;
mod tools;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, shows and tests relatch")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the npm package into `pkg/`
    Build,
    /// Build, start the example backend on an embedded database, and serve the demo page
    Demo(demo::Options),
    /// Install what is missing and run every test; ends with `N passed, N failed`
    Test(test::Options),
    /// Visit every interleaving of the protocol's small worlds
    Explore(explore::Options),
    /// Build the guide as a site, and follow its links
    Guide(guide::Options),
    /// Draw the protocol for docs/how-it-works.md, from what the machines do
    Draw,
    /// Simulate a day of a million clients, an outage, and other bad moments
    Fleet(fleet::Options),
    /// Measure relatch and its peers side by side
    Bench(bench::Options),
    /// Photograph the demo for the README
    Screenshot,
    /// Say what each crate and function of the module weighs
    Size(size::Options),
    /// Write the README's measured numbers anew
    Readme,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    match Cli::parse().command {
        Command::Build => package::build(),
        Command::Demo(options) => demo::run_demo(&options),
        Command::Test(options) => test::run(&options),
        Command::Explore(options) => explore::explore(&options),
        Command::Guide(options) => guide::run_guide(&options),
        Command::Draw => guide::draw(),
        Command::Fleet(options) => fleet::fleet(&options),
        Command::Bench(options) => bench::bench(&options),
        Command::Screenshot => screenshot::run_camera(),
        Command::Size(options) => size::report(&options),
        Command::Readme => readme::write(),
    }
}
