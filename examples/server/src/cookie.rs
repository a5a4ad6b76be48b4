//! The refresh cookie.

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};

use crate::{config::Config, error::ApiError};

/// The refresh token the request carries. A header has the cookies of everybody on the site, whose bytes may be any.
pub(crate) fn read<'a>(headers: &'a HeaderMap, config: &Config) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| str::from_utf8(pair).ok()?.trim().split_once('='))
        .find(|(name, value)| *name == config.cookie_name && !value.is_empty())
        .map(|(_, value)| value)
}

pub(crate) fn set(token: &str, max_age: i64, config: &Config) -> Result<HeaderValue, ApiError> {
    header(token, max_age.max(0), config)
}

/// An age of nothing removes the cookie (RFC 6265bis §5.5); name and path have to match.
pub(crate) fn clear(config: &Config) -> Result<HeaderValue, ApiError> {
    header("", 0, config)
}

/// `HttpOnly` keeps the token from scripts, `Secure` from the wire, `SameSite=Lax` from requests
/// other sites start, and the path from every endpoint that has no use for it
/// (RFC 6265bis §4.1.2).
fn header(value: &str, max_age: i64, config: &Config) -> Result<HeaderValue, ApiError> {
    let name = &config.cookie_name;
    let path = &config.cookie_path;
    let secure = if config.insecure_cookies { "" } else { "; Secure" };
    let text = format!("{name}={value}; Path={path}; Max-Age={max_age}; HttpOnly{secure}; SameSite=Lax");
    HeaderValue::from_str(&text).map_err(|error| ApiError::Internal(error.to_string()))
}
