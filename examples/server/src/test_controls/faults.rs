//! Faults: the next requests on a path are delayed, or answered with something else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE},
    },
    middleware::Next,
    response::Response,
};
use serde::Deserialize;
use tokio::time::sleep;

use crate::{error::ApiError, state::AppState};

/// A fault without `status` and `body` only delays, and adds its headers to the real answer.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Fault {
    path: String,
    /// How many requests it strikes; without a number, all. 0 removes the faults of the path.
    times: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
    status: Option<u16>,
    body: Option<String>,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    when: When,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum When {
    /// The handler does not run.
    #[default]
    Before,
    /// The handler runs and its answer is lost, but for its cookie.
    After,
}

impl Fault {
    fn headers(&self) -> Result<HeaderMap, ApiError> {
        HeaderMap::try_from(&self.headers).map_err(|_| ApiError::InvalidRequest)
    }

    /// The answer that replaces the real one, if it does.
    fn answer(&self) -> Result<Option<Response>, ApiError> {
        if self.status.is_none() && self.body.is_none() {
            return Ok(None);
        }
        let status = StatusCode::from_u16(self.status.unwrap_or(200));
        let status = status.map_err(|_| ApiError::InvalidRequest)?;
        if status.is_informational() {
            return Err(ApiError::InvalidRequest);
        }
        let mut answer = Response::new(Body::from(self.body.clone().unwrap_or_default()));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.extend(self.headers()?);
        Ok(Some(answer))
    }
}

#[derive(Default)]
pub(super) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Queues a fault behind those of the same path.
    pub(super) fn add(&self, fault: Fault) -> Result<(), ApiError> {
        fault.headers()?;
        fault.answer()?;
        let mut faults = self.queued();
        if fault.times == Some(0) {
            faults.retain(|other| other.path != fault.path);
        } else {
            faults.push(fault);
        }
        Ok(())
    }

    pub(super) fn clear(&self) {
        self.queued().clear();
    }

    /// A panic elsewhere leaves them whole.
    fn queued(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault that strikes this request, counted down.
    fn take(&self, path: &str) -> Option<Fault> {
        let mut faults = self.queued();
        let index = faults.iter().position(|fault| fault.path == path)?;
        let fault = faults.get_mut(index)?;
        let taken = fault.clone();
        match &mut fault.times {
            Some(1) => {
                faults.remove(index);
            }
            Some(times) => *times -= 1,
            None => {}
        }
        Some(taken)
    }
}

pub(super) async fn inject(
    State(state): State<Arc<AppState>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let path = request.uri().path();
    let fault = state.test.as_ref().and_then(|test| test.faults.take(path));
    let Some(fault) = fault else {
        return Ok(next.run(request).await);
    };
    let delay = Duration::from_millis(fault.delay_ms);
    let replaced = fault.answer()?;
    if fault.when == When::Before {
        sleep(delay).await;
        return match replaced {
            Some(answer) => Ok(answer),
            None => decorated(next.run(request).await, &fault),
        };
    }
    let real = next.run(request).await;
    sleep(delay).await;
    match replaced {
        Some(mut answer) => {
            for cookie in real.headers().get_all(SET_COOKIE) {
                answer.headers_mut().append(SET_COOKIE, cookie.clone());
            }
            Ok(answer)
        }
        None => decorated(real, &fault),
    }
}

fn decorated(mut real: Response, fault: &Fault) -> Result<Response, ApiError> {
    real.headers_mut().extend(fault.headers()?);
    Ok(real)
}
