//! `cargo xtask test`: every check and every test, counted.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;

use crate::browsers::{self, Engine, WebKit};
use crate::process::{Lane, command, root, run as run_to_end, step};
use crate::{compiler, demo, explore, fleet, guide, leptos, package, readme, tools};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run only these parts; all if none is named
    #[arg(value_enum)]
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// rustfmt, clippy and the README's numbers
    Lint,
    /// Tests that need no browser: the core, the example server on both databases
    Native,
    /// Every interleaving of the protocol's small worlds
    Model,
    /// A fleet of 100,000 clients, whatever its server does
    Fleet,
    /// The server entries against the example server, in Node.js
    Server,
    /// `wasm-pack test` in headless browsers
    Wasm,
    /// The built package against the example server, in browsers
    Browser,
    /// The built package against backends of other people's making
    Backends,
    /// The packed package in bundlers, scripts, Node, a worker and Next
    Packaging,
    /// The guide as a site: its links, what it says to paste, the tests that it names
    Guide,
    /// That the peers of the benches do what the benches say; measures nothing
    Benches,
}

/// What computes.
const COMPUTING: [Part; 3] = [Part::Lint, Part::Model, Part::Fleet];
/// What mostly waits: for servers, for browsers, for time to pass.
const WAITING: [Part; 6] = [Part::Server, Part::Browser, Part::Backends, Part::Packaging, Part::Guide, Part::Benches];

/// What is to be done, and what has been counted.
struct Tally<'a> {
    parts: &'a [Part],
    lane: Lane,
    rows: Vec<Row>,
}

/// A name, how many passed and how many failed.
type Row = (String, usize, usize);

/// Runs the parts that are asked for.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut tally = Tally { parts: &options.parts, lane: Lane::Front, rows: Vec::new() };
    tools::for_build()?;
    if tally.wants([Part::Browser, Part::Wasm, Part::Backends, Part::Packaging, Part::Guide, Part::Benches]) {
        browsers::ensure()?;
    }
    if tally.wants([Part::Native, Part::Backends]) {
        tools::postgres()?;
    }
    if tally.wants([Part::Lint]) || tally.wants(WAITING) {
        tally.package();
    }
    if tally.wants(COMPUTING) && tally.wants(WAITING) {
        let mut beside = Tally { lane: Lane::Beside, rows: Vec::new(), ..tally };
        std::thread::scope(|scope| {
            let computing = scope.spawn(|| beside.compute());
            tally.wait()?;
            step("Waiting for what runs beside");
            computing.join().map_err(|_| anyhow::anyhow!("what ran beside has panicked"))?
        })?;
        tally.rows.append(&mut beside.rows);
    } else {
        tally.compute()?;
        tally.wait()?;
    }
    tally.finish()?;
    tally.close()
}

impl Tally<'_> {
    fn wants<const N: usize>(&self, parts: [Part; N]) -> bool {
        self.parts.is_empty() || parts.iter().any(|part| self.parts.contains(part))
    }

    fn package(&mut self) {
        let embedded = || std::fs::read(root().join(package::EMBEDDED)).unwrap_or_default();
        let before = embedded();
        self.check("the package builds and its TypeScript is sound", package::build);
        self.check("the crate brings along what the package's source makes today", || {
            anyhow::ensure!(embedded() == before, "run `cargo xtask build` and commit {}", package::EMBEDDED);
            Ok(())
        });
    }

    /// What computes, and what the parts at the end are built of.
    fn compute(&mut self) -> Result<()> {
        if self.wants([Part::Lint]) {
            self.style()?;
        }
        if self.wants([Part::Model]) {
            step("Exploring");
            let args: Vec<_> = explore::ARGS.into_iter().chain(["--test-threads=1"]).collect();
            self.count("the model, explored", &args, Format::Rust, &[])?;
        }
        if self.wants([Part::Fleet]) {
            step("A fleet of clients");
            self.count("a fleet of 100,000 clients", &fleet::TEST, Format::Rust, &[])?;
        }
        if self.lane == Lane::Beside && self.wants([Part::Native]) {
            step("Native tests, built");
            self.lane.watch(&mut self.lane.command("cargo", &["test", "--workspace", "--no-run"]))?;
        }
        if self.lane == Lane::Beside && self.wants([Part::Wasm]) {
            tools::for_wasm_tests(self.lane)?;
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<()> {
        if self.wants([Part::Lint]) {
            self.published()?;
        }
        if !self.wants(WAITING) {
            return Ok(());
        }
        let server = demo::server()?;
        if self.wants([Part::Browser]) {
            self.check("the Leptos example builds", || leptos::build().map(drop));
        }
        if self.wants([Part::Server]) {
            step("Server tests");
            let args = node_tests("tests/server")?;
            let settings = [("RELATCH_SERVER", server.clone().into_os_string())];
            self.count("server tests in Node.js", &args, Format::Node, &settings)?;
        }
        if self.wants([Part::Browser]) {
            for engine in Engine::ALL {
                self.browsers("browser", "tests/browser", engine, &server)?;
            }
            self.webkit(&server)?;
        }
        if self.wants([Part::Backends]) {
            tools::npm_install("tests/backends")?;
            self.browsers("backend", "tests/backends", Engine::Chromium, &server)?;
        }
        if self.wants([Part::Packaging]) {
            self.browsers("packaging", "tests/packaging", Engine::Chromium, &server)?;
        }
        if self.wants([Part::Benches]) {
            tools::npm_install("benches")?;
            self.browsers("benches", "tests/benches", Engine::Chromium, &server)?;
        }
        if self.wants([Part::Guide]) {
            self.check("the guide builds, and its links lead somewhere", guide::build);
            tools::npm_install("tests/guide")?;
            self.browsers("guide", "tests/guide", Engine::Chromium, &server)?;
        }
        Ok(())
    }

    /// What computes and waits.
    fn finish(&mut self) -> Result<()> {
        if self.wants([Part::Native]) {
            step("Native tests");
            self.count("native tests", &["cargo", "test", "--workspace", "--no-fail-fast"], Format::Rust, &[])?;
        }
        if self.wants([Part::Wasm]) {
            tools::for_wasm_tests(self.lane)?;
            for engine in Engine::ALL {
                let name = format!("wasm-pack test in {}", engine.name());
                step(&name);
                let args = ["wasm-pack", "test", "--headless", engine.wasm_pack_flag()];
                self.count(&name, &args, Format::Rust, &[])?;
            }
            self.webkit_wasm()?;
        }
        Ok(())
    }

    /// How the code is written.
    fn style(&mut self) -> Result<()> {
        tools::for_lint()?;
        let level = if compiler::is_measured() { "-Dwarnings" } else { "-Wwarnings" };
        let native = ["clippy", "--workspace", "--all-targets", "--features", "relatch/mutations", "--", level];
        let wasm = ["clippy", "--package", "relatch", "--tests", "--target", "wasm32-unknown-unknown", "--", level];
        let leptos = ["fmt", "--manifest-path", "examples/leptos/Cargo.toml", "--check"];
        for (name, args) in [
            ("rustfmt", &["fmt", "--all", "--check"][..]),
            ("rustfmt of the Leptos example", &leptos),
            ("clippy", &native),
            ("clippy for wasm32", &wasm),
        ] {
            step(name);
            let (_, succeeded) = self.lane.watch(&mut self.lane.command("cargo", args))?;
            self.add(name, usize::from(succeeded), usize::from(!succeeded));
        }
        Ok(())
    }

    /// What the package is to those who install it.
    fn published(&mut self) -> Result<()> {
        let types = ["tsc", "-p", "../tests/types"];
        self.check("an application's types come out as they should", || {
            run_to_end(command("npx", &types).current_dir(root().join("pkg-template")))
        });
        if compiler::is_measured() {
            self.check("the README's numbers are the measured ones", readme::check);
            self.check("no entry is over its budget", package::check_budgets);
        } else {
            compiler::say("the README's numbers, the budgets of the entries");
        }
        tools::npm_install("tests/packaging")?;
        // None of these has types: the files for <script> and the WebAssembly module.
        let untyped = ["./script", "./devtools-script", "./relatch.wasm"];
        let attw: Vec<_> =
            ["attw", "--pack", "../../pkg", "--exclude-entrypoints"].into_iter().chain(untyped).collect();
        let publint = ["publint", "../../pkg", "--pack", "npm", "--strict"];
        for (name, args) in [("attw finds nothing in the packed package", &attw[..]), ("publint neither", &publint)] {
            self.check(name, || run_to_end(command("npx", args).current_dir(root().join("tests/packaging"))));
        }
        Ok(())
    }

    /// A folder's tests in one engine, with the example server and every engine's program.
    fn browsers(&mut self, what: &str, folder: &str, engine: Engine, server: &Path) -> Result<()> {
        for folder in
            ["tests/browser", "tests/packaging", "tests/packaging/react18", "examples/apollo", "examples/react"]
        {
            tools::npm_install(folder)?;
        }
        let name = format!("{what} tests in {}", engine.name());
        step(&name);
        self.count(&name, &node_tests(folder)?, Format::Node, &settings(engine, server))
    }

    /// `wasm-pack test` in WebKit, where there is one.
    fn webkit_wasm(&mut self) -> Result<()> {
        let Some(webkit) = webkit_or_say() else { return Ok(()) };
        step("wasm-pack test in webkit");
        let driver = webkit.driver.to_string_lossy();
        let test = ["wasm-pack", "test", "--headless", "--safari", "--safaridriver", &driver];
        let args: Vec<_> = WebKit::DISPLAY.into_iter().chain(test).collect();
        self.count("wasm-pack test in webkit", &args, Format::Rust, &[])
    }

    /// What is most of all the browser's own matter, in WebKit: the calls, the tabs and their store.
    fn webkit(&mut self, server: &Path) -> Result<()> {
        let Some(webkit) = webkit_or_say() else { return Ok(()) };
        step("browser tests in webkit");
        let files = ["session", "stamp", "tabs"].map(|file| format!("tests/browser/{file}.test.mjs"));
        let args: Vec<_> =
            WebKit::DISPLAY.into_iter().map(str::to_owned).chain(NODE_TEST.map(str::to_owned)).chain(files).collect();
        let settings = [
            ("RELATCH_BROWSER", "webkit".into()),
            ("RELATCH_SERVER", server.as_os_str().to_owned()),
            (WebKit::VARIABLE, webkit.driver.into_os_string()),
        ];
        self.count("browser tests in webkit", &args, Format::Node, &settings)
    }
}

fn webkit_or_say() -> Option<WebKit> {
    let webkit = WebKit::find();
    if webkit.is_none() {
        println!("\nWebKit is left out: it needs WebKitWebDriver of WebKitGTK, and xvfb-run");
    }
    webkit
}

/// Node's test runner.
const NODE_TEST: [&str; 5] =
    ["node", "--test", "--test-concurrency=1", "--test-reporter=spec", "--test-timeout=600000"];

/// The command that runs a folder's tests, one file after the other.
fn node_tests(folder: &str) -> Result<Vec<String>> {
    let mut files: Vec<_> = std::fs::read_dir(root().join(folder))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|file| file.ends_with(".test.mjs"))
        .map(|file| format!("{folder}/{file}"))
        .collect();
    files.sort();
    Ok(NODE_TEST.into_iter().map(str::to_owned).chain(files).collect())
}

/// What `tests/browser/stage.mjs` is told by the environment.
fn settings(engine: Engine, server: &Path) -> Vec<(&'static str, OsString)> {
    let mut settings = vec![("RELATCH_BROWSER", engine.name().into()), ("RELATCH_SERVER", server.into())];
    for engine in Engine::ALL {
        settings.extend(engine.program().map(|program| (engine.variable(), program.into())));
    }
    settings
}

/// How a test runner closes.
#[derive(Clone, Copy)]
enum Format {
    /// `test result: ok. 17 passed; 0 failed; …`, once for each program.
    Rust,
    /// `ℹ pass 36`, `ℹ fail 0`, `ℹ cancelled 0`.
    Node,
}

impl Format {
    fn read(self, output: &str) -> (usize, usize) {
        let number = |line: &str, before: &str| -> usize {
            let mut words = line.split([' ', ';', '.']).filter(|word| !word.is_empty()).peekable();
            while let Some(word) = words.next() {
                if words.peek() == Some(&before) {
                    return word.parse().unwrap_or(0);
                }
            }
            0
        };
        let last = |line: &str| line.split_whitespace().last().and_then(|word| word.parse::<usize>().ok()).unwrap_or(0);
        output.lines().fold((0, 0), |(passed, failed), line| match self {
            Self::Rust if line.starts_with("test result: ") => {
                (passed + number(line, "passed"), failed + number(line, "failed"))
            }
            Self::Node if line.starts_with("ℹ pass ") => (passed + last(line), failed),
            Self::Node if line.starts_with("ℹ fail ") || line.starts_with("ℹ cancelled ") => {
                (passed, failed + last(line))
            }
            _ => (passed, failed),
        })
    }
}

impl Tally<'_> {
    fn add(&mut self, name: &str, passed: usize, failed: usize) {
        self.rows.push((name.to_owned(), passed, failed));
    }

    fn check(&mut self, name: &str, check: impl FnOnce() -> Result<()>) {
        let result = check();
        if let Err(error) = &result {
            println!("failed: {name}: {error:#}");
        }
        self.add(name, usize::from(result.is_ok()), usize::from(result.is_err()));
    }

    fn count(
        &mut self,
        name: &str,
        args: &[impl AsRef<str>],
        format: Format,
        settings: &[(&str, OsString)],
    ) -> Result<()> {
        let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
        let Some((program, rest)) = args.split_first() else { return Ok(()) };
        let mut command = self.lane.command(program, rest);
        let (output, succeeded) = self.lane.watch(command.envs(settings.iter().cloned()))?;
        let (passed, failed) = format.read(&output);
        // A runner that failed without a failed test, or ran none, has not passed.
        let broken = failed == 0 && (!succeeded || passed == 0);
        self.add(name, passed, failed + usize::from(broken));
        Ok(())
    }

    fn close(self) -> Result<()> {
        println!();
        for (name, passed, failed) in &self.rows {
            println!("{passed:>6} passed {failed:>4} failed  {name}");
        }
        let passed: usize = self.rows.iter().map(|row| row.1).sum();
        let failed: usize = self.rows.iter().map(|row| row.2).sum();
        println!("\n{passed} passed, {failed} failed");
        anyhow::ensure!(failed == 0, "{failed} failed");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up() {
        let rust =
            "test result: ok. 17 passed; 0 failed; 0 ignored\nx\ntest result: FAILED. 2 passed; 3 failed; 0 ignored\n";
        assert_eq!(Format::Rust.read(rust), (19, 3));
        let node = "ℹ tests 9\nℹ pass 5\nℹ fail 3\nℹ cancelled 1\n";
        assert_eq!(Format::Node.read(node), (5, 4));
    }
}
