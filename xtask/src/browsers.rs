//! Finds the browsers and drivers that the tests run in, and installs what Debian's package manager has.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::debian::{self, which};
use crate::tools;

/// The engines under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Chromium,
    Firefox,
}

impl Engine {
    pub(crate) const ALL: [Self; 2] = [Self::Chromium, Self::Firefox];

    /// The name that the tests know it by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
        }
    }

    /// How `wasm-pack test` calls it.
    pub(crate) const fn wasm_pack_flag(self) -> &'static str {
        match self {
            Self::Chromium => "--chrome",
            Self::Firefox => "--firefox",
        }
    }

    const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["chromium", "chromium-browser", "google-chrome", "chrome"],
            Self::Firefox => &["firefox-esr", "firefox"],
        }
    }

    /// The environment variable that names its program.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::Chromium => "RELATCH_CHROMIUM",
            Self::Firefox => "RELATCH_FIREFOX",
        }
    }

    /// The browser's program.
    pub(crate) fn program(self) -> Option<PathBuf> {
        let named = std::env::var_os(self.variable()).map(PathBuf::from);
        named.or_else(|| self.programs().iter().find_map(|name| which(name)))
    }
}

/// Makes sure that the browsers and their drivers are there.
pub(crate) fn ensure() -> Result<()> {
    let missing = missing();
    if !missing.is_empty() {
        install(&missing)?;
    }
    if which("geckodriver").is_none() {
        tools::geckodriver()?;
    }
    Ok(())
}

/// WebKit, where it can be driven: with its GTK port, on Debian and its like.
pub(crate) struct WebKit {
    /// `WebKitWebDriver`.
    pub(crate) driver: PathBuf,
}

impl WebKit {
    /// The environment variable that names its driver.
    pub(crate) const VARIABLE: &str = "RELATCH_WEBKIT";
    /// What gives it a display.
    pub(crate) const DISPLAY: [&str; 2] = ["xvfb-run", "--auto-servernum"];

    /// Looks for it. [`ensure`] has installed it where there is one to install.
    pub(crate) fn find() -> Option<Self> {
        which(Self::DISPLAY[0])?;
        let driver = std::env::var_os(Self::VARIABLE).map(PathBuf::from).or_else(|| which("WebKitWebDriver"))?;
        Some(Self { driver })
    }
}

/// Makes sure that there is a Chromium to look at pages with.
pub(crate) fn ensure_chromium() -> Result<PathBuf> {
    if Engine::Chromium.program().is_none() {
        install(&["chromium"])?;
    }
    match Engine::Chromium.program() {
        Some(program) => Ok(program),
        None => bail!("Chromium is not to be found; name its program in RELATCH_CHROMIUM"),
    }
}

/// Debian's names of what is not there.
fn missing() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if Engine::Chromium.program().is_none() {
        missing.push("chromium");
    }
    if which("chromedriver").is_none() {
        missing.push("chromium-driver");
    }
    if Engine::Firefox.program().is_none() {
        missing.push("firefox-esr");
    }
    if which("apt-get").is_some() && WebKit::find().is_none() {
        missing.extend(["webkit2gtk-driver", "xvfb", "xauth"]);
    }
    missing
}

fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    let by_hand = format!(
        "the browser tests need: {list}. On Debian: `sudo apt-get install {list}`. Elsewhere install Chromium with \
         ChromeDriver and Firefox, and name their programs in RELATCH_CHROMIUM and RELATCH_FIREFOX."
    );
    debian::install(&[&["fonts-dejavu-core"], packages].concat(), &by_hand)
}
