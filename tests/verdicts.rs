//! The verdicts of `tests/verdicts.json`, which the server entry's verdicts are held to as well.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a table that is wrong fails the test")]

use relatch::core::{
    Answer, Body, Expected, Expiry, Fields, Identity, Millis, OAuthError, Outcome, Problem, RefreshVerdict, Rules,
    Secret, Sign, Signs, Unanswered,
};
use serde_json::{Value, json};

#[test]
fn the_core_judges_every_answer_to_a_refresh_as_the_table_says() {
    for row in rows("refresh") {
        let verdict = match rules(&row).judge_refresh(outcome(&row)) {
            RefreshVerdict::Renewed(grant) => json!({
                "is": "renewed",
                "token": grant.access_token.expose(),
                "expiresIn": grant.expires_in.map(|life| life.0 / 1000),
                "hasUser": grant.has_user,
            }),
            RefreshVerdict::Dead => json!({ "is": "dead" }),
            RefreshVerdict::Unknown(problem) => unknown(problem),
        };
        assert_same(&verdict, &row);
    }
}

#[test]
fn the_core_judges_every_answer_to_a_session_read_as_the_table_says() {
    for row in rows("session") {
        let verdict = match rules(&row).judge_session(outcome(&row)) {
            Ok(Some(_)) => json!({ "is": "read" }),
            Ok(None) => json!({ "is": "refused" }),
            Err(problem) => unknown(problem),
        };
        assert_same(&verdict, &row);
    }
}

#[test]
fn the_core_judges_every_answer_to_a_sign_out_as_the_table_says() {
    for row in rows("signOut") {
        let verdict = match rules(&row).judge_sign_out(outcome(&row)) {
            Ok(()) => json!({ "is": "done" }),
            Err(problem) => unknown(problem),
        };
        assert_same(&verdict, &row);
    }
}

fn rows(operation: &str) -> Vec<Value> {
    let table: Value = serde_json::from_str(include_str!("verdicts.json")).unwrap();
    table[operation].as_array().unwrap().clone()
}

/// Numbers are compared as floats: the table says 60, the core 60.0.
fn assert_same(verdict: &Value, row: &Value) {
    let expected = &row["verdict"];
    assert_eq!(verdict.as_object().unwrap().len(), expected.as_object().unwrap().len(), "{row}");
    for (name, value) in expected.as_object().unwrap() {
        let found = &verdict[name];
        let is_same = found == value || (value.is_number() && found.as_f64() == value.as_f64());
        assert!(is_same, "{name} is {found} in {row}");
    }
}

fn unknown(problem: Problem) -> Value {
    let mut verdict = json!({ "is": "unknown", "code": problem.code() });
    if let Some(status) = problem.status() {
        verdict["status"] = status.into();
    }
    if let Problem::TryLater { retry_after: Some(wait), .. } = problem {
        verdict["retryAfterMs"] = wait.span().0.into();
    }
    verdict
}

fn rules(row: &Value) -> Rules {
    let places = places(row);
    let status = |value: &Value| u16::try_from(value.as_u64().unwrap()).unwrap();
    let sign = |value: &Value| {
        let Some(at) = value["at"].as_str() else { return Sign { status: Some(status(value)), fact: None } };
        let expected = match (value.get("is"), value["has"].as_str()) {
            (Some(is), _) => Expected::Is(is.to_string()),
            (None, Some(has)) => Expected::Has(has.to_owned()),
            (None, None) => Expected::Something,
        };
        let fact = places.iter().position(|place| place == at).map(|place| (place, expected));
        Sign { status: value.get("status").map(status), fact }
    };
    let signs = |value: &Value| Some(Signs(value.as_array()?.iter().map(sign).collect()));
    let mut rules = Rules::default();
    if let Some(dead) = signs(&row["rules"]["refresh"]["dead"]) {
        rules.dead = dead;
    }
    if let Some(expired) = signs(&row["rules"]["api"]["expired"]) {
        rules.expired = expired;
    }
    if let Some(stays) = signs(&row["rules"]["signOut"]["refused"]) {
        rules.stays = stays;
    }
    if let Some(gone) = signs(&row["rules"]["signOut"]["done"]) {
        rules.gone = gone;
    }
    rules.unproven = signs(&row["rules"]["csrf"]["refused"]).unwrap_or_else(|| Signs::statuses(&[419]));
    rules
}

/// The places in an answer that a row's rules ask about.
fn places(row: &Value) -> Vec<String> {
    let of = |group: &str, field: &str| &row["rules"][group][field];
    let rules = [
        of("refresh", "dead"),
        of("api", "expired"),
        of("signOut", "done"),
        of("signOut", "refused"),
        of("csrf", "refused"),
    ];
    let signs = rules.into_iter().filter_map(Value::as_array).flatten();
    signs.filter_map(|sign| Some(sign["at"].as_str()?.to_owned())).collect()
}

/// What stands there, as JSON texts.
fn facts(row: &Value, json: &Value) -> String {
    let path = |place: String| {
        place.split('.').filter(|key| !key.is_empty()).fold(String::new(), |path, key| path + "/" + key)
    };
    let fact = |place| json.pointer(&path(place)).map(Value::to_string).unwrap_or_default();
    places(row).into_iter().map(fact).collect::<Vec<_>>().join("\u{1f}")
}

/// What the shell makes of such an answer (`src/web/fetch.rs`).
fn outcome(row: &Value) -> Outcome {
    let answer = &row["answer"];
    match answer.as_str() {
        Some("network") => return Err(Unanswered::Network),
        Some("timeout") => return Err(Unanswered::Timeout),
        Some(_) => return Ok(Answer { status: 0, body: Body::Other, facts: String::new(), retry_after: None }),
        None => {}
    }
    let is_html = answer["type"].as_str().is_some_and(|kind| kind.starts_with("text/html"));
    let (body, facts) = match serde_json::from_str(answer["body"].as_str().unwrap_or_default()) {
        _ if is_html => (Body::Html, String::new()),
        Ok(json) => (Body::Json(fields(&json, &row["rules"])), facts(row, &json)),
        Err(_) => (Body::Other, String::new()),
    };
    let retry_after = answer["retryAfter"].as_str().map(|seconds| Millis::from_secs(seconds.parse().unwrap()));
    Ok(Answer { status: u16::try_from(answer["status"].as_u64().unwrap()).unwrap(), body, facts, retry_after })
}

fn fields(json: &Value, rules: &Value) -> Fields {
    let at = |value: &Value, rule: &Value, fallback: &str| {
        let place = rule.as_str().unwrap_or(fallback);
        place.split('.').fold(value.clone(), |value, key| value[key].clone())
    };
    let user = at(json, &rules["user"]["at"], "user");
    let token = at(json, &rules["access"]["token"], "accessToken");
    Fields {
        refresh_token: None,
        access_token: token.as_str().filter(|token| !token.is_empty()).map(|token| Secret::new(token.to_owned())),
        expires_in: at(json, &rules["access"]["expiresIn"], "expiresIn").as_f64().and_then(Expiry::lifetime),
        has_user: user.as_object().is_some_and(|user| !user.is_empty()),
        identity: user["id"].as_str().map(Identity::of),
        error: at(json, &rules["error"]["at"], "error").as_str().and_then(OAuthError::read),
    }
}
