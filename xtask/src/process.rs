//! Runs other programs from the project's root and says what it runs.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail, ensure};

/// The project's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where built things are, tools among them.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Says what is done next.
pub(crate) fn step(what: &str) {
    println!("\n\x1b[1m▸ {what}\x1b[0m");
}

/// A command that runs in the project's root and finds the project's own tools first.
pub(crate) fn command(program: impl AsRef<OsStr>, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    let tools = target().join("tools/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::env::join_paths(std::iter::once(tools).chain(std::env::split_paths(&path)));
    command.args(args).current_dir(root());
    if let Ok(paths) = paths {
        command.env("PATH", paths);
    }
    // The outer cargo's settings are not for what it starts.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR")
    {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = describe(command);
    let status = command.status().with_context(|| format!("could not start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Runs a command to its end and returns what it prints.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let line = describe(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("could not start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` ended with {}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// What runs beside what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// By itself, or as what has the right of way: its output is shown while it comes.
    Front,
    /// Beside that, with what it leaves of the processors: its output is shown when it has ended.
    Beside,
}

impl Lane {
    /// A [`command`] of this lane.
    pub(crate) fn command(self, program: &str, args: &[&str]) -> Command {
        if self == Self::Front || first_line("nice", &[]).is_none() {
            return command(program, args);
        }
        let args: Vec<_> = ["-n", "19", program].into_iter().chain(args.iter().copied()).collect();
        command("nice", &args)
    }

    /// Runs a command to its end, shows its output, and returns it with whether the command succeeded.
    pub(crate) fn watch(self, command: &mut Command) -> Result<(String, bool)> {
        match self {
            Self::Front => watch(command),
            Self::Beside => watch_beside(command),
        }
    }
}

fn watch(command: &mut Command) -> Result<(String, bool)> {
    let line = describe(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .with_context(|| format!("could not start `{line}`"))?;
    let mut output = String::new();
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes)? > 0 {
            let text = String::from_utf8_lossy(&bytes);
            print!("{text}");
            output.push_str(&text);
            bytes.clear();
        }
        std::io::stdout().flush()?;
    }
    Ok((output, child.wait()?.success()))
}

fn watch_beside(command: &mut Command) -> Result<(String, bool)> {
    let line = describe(command);
    let (mut reader, writer) = std::io::pipe()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("could not start `{line}`"))?;
    // It keeps the ends that it has given to the child, and the pipe would stay open.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut output = Vec::new();
    reader.read_to_end(&mut output)?;
    let output = String::from_utf8_lossy(&output).into_owned();
    let succeeded = child.wait()?.success();
    print!("\n\x1b[1m▸ what `{line}` said\x1b[0m\n{output}\n");
    Ok((output, succeeded))
}

/// The first line of what a command prints, if it can be run at all.
pub(crate) fn first_line(program: &str, args: &[&str]) -> Option<String> {
    let output = command(program, args).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}

/// A server of ours in the background; it is ended when this is dropped.
pub(crate) struct Server {
    child: std::process::Child,
    /// What it printed after `listening on`.
    pub(crate) url: String,
}

impl Server {
    /// Starts a server and waits for the line in which it says where it listens.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let line = describe(command);
        let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("could not start `{line}`"))?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let url = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on ").map(|url| url.trim().to_owned()));
        let Some(url) = url else {
            let status = child.wait()?;
            bail!("`{line}` ended with {status} before it listened");
        };
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("{line}")));
        Ok(Self { child, url })
    }

    /// Waits until the server ends by itself, which it does only by a mistake.
    pub(crate) fn wait(mut self) -> Result<()> {
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
