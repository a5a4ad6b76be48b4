//! Which URLs get the credential: an allowlist of exact origins (OWASP ASVS 10.1.1).
//!
//! The question is asked for every call, so the common forms of a URL are answered by comparing bytes. What is not
//! plainly one of them is [`Destination::Unresolved`]: the shell resolves it with the platform's own URL parser and asks
//! again. Nothing here guesses what a parser would do with an odd string.

/// Where a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// An allowed origin: the credential goes along.
    Api,
    /// One of the contract's own operations: it is passed through, for no stale token belongs there.
    Own,
    /// Any other origin: it is passed through untouched.
    Foreign,
    /// Ask again with the absolute URL that the platform's parser makes of it.
    Unresolved,
}

/// The allowlist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The origin that a path such as `/api` belongs to, serialized (`https://example.com`), if there is one.
    page: Option<String>,
    origins: Vec<String>,
    own: Vec<String>,
}

impl Scope {
    /// An allowlist of serialized origins, and the absolute URLs of the contract's own operations.
    #[must_use]
    pub fn new(origins: Vec<String>, own: Vec<String>) -> Self {
        Self { page: None, origins, own }
    }

    /// Sets the origin of the document's base URL, against which paths resolve.
    pub fn set_page(&mut self, origin: Option<String>) {
        self.page = origin;
    }

    /// Where a call with this URL goes. `absolute` says that the URL is one that the platform has parsed.
    #[must_use]
    pub fn destination(&self, url: &str, absolute: bool) -> Destination {
        if !absolute && !is_plain(url) {
            return Destination::Unresolved;
        }
        if url.starts_with('/') {
            return match &self.page {
                Some(page) if !absolute && !url.starts_with("//") => self.within(page, url),
                _ => Destination::Unresolved,
            };
        }
        for origin in &self.origins {
            if let Some(rest) = url.strip_prefix(origin.as_str())
                && matches!(rest.as_bytes().first(), None | Some(b'/' | b'?' | b'#'))
            {
                return self.within(origin, rest);
            }
        }
        if absolute { Destination::Foreign } else { Destination::Unresolved }
    }

    fn within(&self, origin: &str, rest: &str) -> Destination {
        let path_len = rest.bytes().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(rest.len());
        let path = rest.get(..path_len).unwrap_or(rest);
        let is_own = self.own.iter().any(|own| own.strip_prefix(origin) == Some(path));
        if is_own {
            Destination::Own
        } else if self.origins.iter().any(|allowed| allowed == origin) {
            Destination::Api
        } else {
            Destination::Foreign
        }
    }
}

/// Whether a URL parser would take these bytes as they stand: no white space or control character that it would strip,
/// no backslash that it would read as a slash, no dot segment that it would fold (URL standard, basic URL parser).
fn is_plain(url: &str) -> bool {
    let mut last = 0;
    for byte in url.bytes() {
        if byte <= b' ' || byte == b'\\' || (last == b'/' && (byte == b'.' || byte == b'%')) {
            return false;
        }
        last = byte;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::Destination::{Api, Foreign, Own, Unresolved};
    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::new(
            vec!["https://app.example".into(), "https://api.example:8443".into()],
            vec!["https://app.example/auth/refresh".into()],
        );
        scope.set_page(Some("https://app.example".into()));
        scope
    }

    #[test]
    fn exact_origins_get_the_credential_and_no_others_do() {
        let scope = scope();
        for (url, destination) in [
            ("https://app.example", Api),
            ("https://app.example/", Api),
            ("https://app.example/x?y#z", Api),
            ("https://app.example?x", Api),
            ("https://api.example:8443/x", Api),
            ("https://api.example/x", Foreign),
            ("https://app.example.evil.example/", Foreign),
            ("https://app.example@evil.example/", Foreign),
            ("https://app.example:8443/", Foreign),
            ("http://app.example/", Foreign),
            ("https://evil.example/https://app.example/", Foreign),
            ("data:,x", Foreign),
            ("https://app.example/auth/refresh", Own),
            ("https://app.example/auth/refresh?x", Own),
            ("https://app.example/auth/refreshed", Api),
        ] {
            assert_eq!(scope.destination(url, true), destination, "{url}");
        }
    }

    #[test]
    fn paths_belong_to_the_page_and_odd_ones_are_resolved_first() {
        let scope = scope();
        for (url, destination) in [
            ("/api/x", Api),
            ("/", Api),
            ("/auth/refresh", Own),
            ("//evil.example/", Unresolved),
            ("/\\evil.example/", Unresolved),
            ("/\t/evil.example/", Unresolved),
            (" /api", Unresolved),
            ("\u{0}//evil.example", Unresolved),
            ("/x/../auth/refresh", Unresolved),
            ("/x/%2e%2e/auth/refresh", Unresolved),
            ("api/x", Unresolved),
            ("", Unresolved),
            ("?x", Unresolved),
            ("https:/app.example/x", Unresolved),
            ("HTTPS://app.example/x", Unresolved),
            ("https://app.example/x", Api),
            ("https://app.example@evil.example/", Unresolved),
        ] {
            assert_eq!(scope.destination(url, false), destination, "{url:?}");
        }
    }

    #[test]
    fn a_page_outside_of_the_allowlist_gets_nothing() {
        let mut scope = scope();
        scope.set_page(Some("https://evil.example".into()));
        assert_eq!(scope.destination("/api", false), Foreign);
        scope.set_page(None);
        assert_eq!(scope.destination("/api", false), Unresolved);
    }
}
