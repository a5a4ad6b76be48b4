//! Counts requests as they arrive, whatever becomes of them.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::Response,
};
use serde_json::{Value, json};

use crate::{
    audit::{Audit, Counter},
    state::AppState,
};

use super::bearer;

#[derive(Default)]
pub(super) struct Arrivals {
    login: Counter,
    refresh: Counter,
    logout: Counter,
    session: Counter,
    api: Counter,
    api_unauthorized: Counter,
}

impl Arrivals {
    pub(super) fn zero(&self) {
        let Self { login, refresh, logout, session, api, api_unauthorized } = self;
        for counter in [login, refresh, logout, session, api, api_unauthorized] {
            counter.zero();
        }
    }

    pub(super) fn report(&self, audit: &Audit) -> Value {
        json!({
            "login": self.login.get(),
            "refresh": {
                "requests": self.refresh.get(),
                "rotated": audit.rotated.get(),
                "reuse": audit.reuse.get(),
                "refused": audit.refused.get(),
            },
            "logout": self.logout.get(),
            "session": self.session.get(),
            "families_revoked": audit.families_revoked.get(),
            "api": {
                "requests": self.api.get(),
                "unauthorized": self.api_unauthorized.get(),
            },
        })
    }

    fn counter(&self, method: &Method, path: &str) -> Option<&Counter> {
        match (method, path) {
            (&Method::POST, "/auth/login" | "/auth/social-login") => Some(&self.login),
            (&Method::POST, "/auth/refresh") => Some(&self.refresh),
            (&Method::POST, "/auth/logout") => Some(&self.logout),
            (&Method::GET, "/auth/session") => Some(&self.session),
            (_, path) if is_api(path) => Some(&self.api),
            _ => None,
        }
    }
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || bearer::PATHS.iter().any(|prefix| path.starts_with(prefix))
}

pub(super) async fn count(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let Some(test) = &state.test else {
        return next.run(request).await;
    };
    let path = request.uri().path();
    let api = is_api(path);
    if let Some(counter) = test.arrivals.counter(request.method(), path) {
        counter.add();
    }
    let response = next.run(request).await;
    if api && response.status() == StatusCode::UNAUTHORIZED {
        test.arrivals.api_unauthorized.add();
    }
    response
}
