//! The flags.

use std::{env, path::PathBuf, str::FromStr};

use axum::http::HeaderValue;
use clap::{Parser, value_parser};

use crate::{db::Kind, providers::Provider};

const DEFAULT_CSP: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/// The example backend of relatch: sign-in, rotating refresh token, a small API.
#[derive(Clone, Parser)]
#[command(
    name = "relatch-example-server",
    after_help = "RELATCH_JWT_SECRET: key of the access tokens, 32 bytes or more; on SQLite random without it"
)]
#[allow(clippy::struct_excessive_bools)]
pub struct Config {
    /// Port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 4460)]
    pub port: u16,
    /// Address to listen on; 127.0.0.1 includes its IPv6 twin, as `localhost` may be either
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    /// `sqlite:FILE`, `sqlite::memory:` (forgets everything at the end) or `postgres://USER@HOST/NAME`
    #[arg(long, default_value = "sqlite:relatch-demo.sqlite", value_parser = database)]
    pub database: String,
    /// User to create if missing, `email:password`; can repeat
    #[arg(long, value_name = "EMAIL:PASSWORD")]
    pub demo_user: Vec<DemoUser>,
    /// Origin allowed to POST, besides this server's own; can repeat
    #[arg(long)]
    pub origin: Vec<String>,
    /// Lifetime of an access token in seconds
    #[arg(long, default_value_t = 60, value_parser = value_parser!(i64).range(1..=86_400))]
    pub access_ttl: i64,
    /// Lifetime of a sign-in in seconds; rotation does not extend it
    #[arg(long, default_value_t = 30 * 86_400, value_parser = value_parser!(i64).range(1..=31_536_000))]
    pub refresh_ttl: i64,
    /// Name of the refresh cookie
    #[arg(long, default_value = "relatch_refresh", value_parser = cookie_name)]
    pub cookie_name: String,
    /// Path of the refresh cookie
    #[arg(long, default_value = "/auth", value_parser = cookie_path)]
    pub cookie_path: String,
    /// Leave `Secure` off the cookie, for an engine that refuses it on <http://localhost>
    #[arg(long)]
    pub insecure_cookies: bool,
    /// Another userinfo endpoint for `google`, `kakao` or `naver`; can repeat
    #[arg(long, value_name = "NAME=URL")]
    pub provider: Vec<ProviderUrl>,
    /// Directory of the pages, served at `/`
    #[arg(long, value_name = "DIR")]
    pub site: Option<PathBuf>,
    /// Directory of the npm package, served at `/relatch/`
    #[arg(long, value_name = "DIR")]
    pub package: Option<PathBuf>,
    /// Content-Security-Policy of the pages
    #[arg(long, default_value = DEFAULT_CSP)]
    pub csp: HeaderValue,
    /// Let `PostgreSQL` forget the key and the cookie of its instances so far; end those first
    #[arg(long)]
    pub agree_anew: bool,
    /// Serve `/test/*`, which lets anyone break and inspect this server; never in production
    #[arg(long)]
    pub test_controls: bool,
    /// Key of the access tokens. No flag: a command line is readable by other processes.
    #[arg(skip)]
    pub jwt_secret: Option<String>,
}

impl Config {
    /// Adds what comes from the environment: `RELATCH_JWT_SECRET`.
    #[must_use]
    pub fn with_environment(mut self) -> Self {
        self.jwt_secret = env::var("RELATCH_JWT_SECRET").ok();
        self
    }

    /// Browsers drop a cookie whose name promises what it does not keep (RFC 6265bis §4.1.3).
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let is_secure = !self.insecure_cookies;
        if self.cookie_name.starts_with("__Host-") && !(is_secure && self.cookie_path == "/") {
            return Err("--cookie-name __Host-… needs --cookie-path / and no --insecure-cookies");
        }
        if self.cookie_name.starts_with("__Secure-") && !is_secure {
            return Err("--cookie-name __Secure-… needs cookies without --insecure-cookies");
        }
        Ok(())
    }
}

/// A user the server creates at start.
#[derive(Clone)]
pub struct DemoUser {
    pub email: String,
    pub password: String,
}

impl FromStr for DemoUser {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((email, password)) if email.contains('@') && !password.is_empty() => {
                Ok(Self { email: email.to_owned(), password: password.to_owned() })
            }
            _ => Err("expected email:password"),
        }
    }
}

/// Where a provider's userinfo endpoint is.
#[derive(Clone)]
pub struct ProviderUrl {
    pub provider: Provider,
    pub url: String,
}

impl FromStr for ProviderUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, url) = text.split_once('=').ok_or("expected name=url")?;
        let provider = Provider::from_name(name).ok_or("expected google, kakao or naver")?;
        reqwest::Url::parse(url).map_err(|_| "expected a URL after the =")?;
        Ok(Self { provider, url: url.to_owned() })
    }
}

fn database(url: &str) -> Result<String, &'static str> {
    match Kind::of(url) {
        Some(_) => Ok(url.to_owned()),
        None => Err("expected sqlite:FILE, sqlite::memory: or postgres://USER@HOST/NAME"),
    }
}

/// A name that fits the cookie grammar (RFC 6265bis §4.1.1).
fn cookie_name(text: &str) -> Result<String, &'static str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if !text.is_empty() && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits, `_`, `-` or `.`")
    }
}

/// A path that cannot end the attribute it is written into.
fn cookie_path(text: &str) -> Result<String, &'static str> {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b';';
    if text.starts_with('/') && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("expected a path such as /auth")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_of_the_cookies_name_has_to_hold() {
        let checked = |flags: &[&str]| {
            let fixed = ["server"];
            Config::try_parse_from(fixed.iter().chain(flags)).unwrap().check().is_ok()
        };
        assert!(checked(&["--cookie-name=__Host-sid", "--cookie-path=/"]));
        assert!(checked(&["--cookie-name=__Secure-sid"]));
        assert!(!checked(&["--cookie-name=__Host-sid"]));
        assert!(!checked(&["--cookie-name=__Host-sid", "--cookie-path=/", "--insecure-cookies"]));
        assert!(!checked(&["--cookie-name=__Secure-sid", "--insecure-cookies"]));
    }
}
