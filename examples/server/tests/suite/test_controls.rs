//! The test controls: absent by default, and what they do.

use std::time::{Duration, Instant};

use super::common::{EMAIL, PASSWORD, TestServer, cookie_value, refusal, refused, start, tokens};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

async fn controlled() -> TestServer {
    start(&["--test-controls"]).await
}

#[tokio::test]
async fn test_controls_are_absent_without_the_flag() {
    let server = start(&[]).await;
    let access = server.login().await.access;
    for (method, path) in [
        (Method::GET, "/test/counters"),
        (Method::POST, "/test/reset"),
        (Method::POST, "/test/expire-access"),
        (Method::POST, "/test/expire-refresh"),
        (Method::POST, "/test/faults"),
        (Method::GET, "/test/echo"),
        (Method::GET, "/test/status/200"),
        (Method::GET, "/test/always-401"),
        (Method::GET, "/test/redirect?to=/"),
        (Method::GET, "/test/slow?ms=0"),
        (Method::GET, "/test/stream?chunks=1&everyMs=0"),
    ] {
        let request = server.request(method, path).bearer_auth(&access);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn counters_count_arrivals_and_outcomes_until_reset() {
    let server = controlled().await;
    let first = server.login().await;
    let second = tokens(server.refresh(&first.cookie).await).await;
    server.refresh("unknown").await;
    server.refresh(&first.cookie).await;
    server.get("/auth/session", &second.access).await;
    server.get("/api/me", &second.access).await;
    server.get("/test/echo", "").await;
    server.post("/auth/logout", "").await;
    let expected = json!({
        "login": 1,
        "refresh": {"requests": 3, "rotated": 1, "reuse": 1, "refused": 1},
        "logout": 1,
        "session": 1,
        "families_revoked": 1,
        "api": {"requests": 2, "unauthorized": 2},
    });
    assert_eq!(server.counters().await, expected);
    server.control("/test/reset", json!({})).await;
    assert_eq!(server.counters().await["refresh"]["requests"], 0);
    assert_eq!(server.counters().await["families_revoked"], 0);
}

#[tokio::test]
async fn expired_access_tokens_are_refused_and_later_ones_are_not() {
    let server = controlled().await;
    let before = server.login().await;
    server.control("/test/expire-access", json!({})).await;
    let call = server.get("/api/me", &before.access).await;
    assert_eq!(refusal(call).await, refused(401, "invalid_token"));
    let after = tokens(server.refresh(&before.cookie).await).await;
    assert_eq!(server.get("/api/me", &after.access).await.status(), 200);
    server.control("/test/expire-access", json!({})).await;
    assert_eq!(server.get("/api/me", &after.access).await.status(), 401);
    server.control("/test/reset", json!({})).await;
    assert_eq!(server.get("/api/me", &before.access).await.status(), 200);
}

#[tokio::test]
async fn expired_refresh_tokens_are_no_session_while_access_tokens_live_on() {
    let server = controlled().await;
    let signed_in = server.login().await;
    server.control("/test/expire-refresh", json!({})).await;
    assert_eq!(server.get("/api/me", &signed_in.access).await.status(), 200);
    let answer = server.refresh(&signed_in.cookie).await;
    assert_eq!(refusal(answer).await, refused(401, "no_session"));
}

#[tokio::test]
async fn a_fault_before_the_handler_strikes_as_often_as_asked() {
    let server = controlled().await;
    let signed_in = server.login().await;
    let fault = json!({
        "path": "/auth/refresh", "times": 2, "status": 503, "body": "{\"error\":\"busy\"}",
        "headers": {"retry-after": "7"},
    });
    server.control("/test/faults", fault).await;
    for _ in 0..2 {
        let answer = server.refresh(&signed_in.cookie).await;
        assert_eq!(answer.headers()[header::RETRY_AFTER], "7");
        assert_eq!(refusal(answer).await, refused(503, "busy"));
    }
    tokens(server.refresh(&signed_in.cookie).await).await;
    let counters = server.counters().await;
    assert_eq!(counters["refresh"]["requests"], 3);
    assert_eq!(counters["refresh"]["rotated"], 1);
}

#[tokio::test]
async fn a_fault_after_the_handler_keeps_the_rotated_cookie() {
    let server = controlled().await;
    let signed_in = server.login().await;
    let fault = json!({"path": "/auth/refresh", "times": 1, "status": 500, "when": "after"});
    server.control("/test/faults", fault).await;
    let answer = server.refresh(&signed_in.cookie).await;
    assert_eq!(answer.status(), 500);
    let rotated = cookie_value(&answer).unwrap();
    assert_eq!(answer.text().await.unwrap(), "");
    tokens(server.refresh(&rotated).await).await;
}

#[tokio::test]
async fn a_fault_without_an_answer_only_delays() {
    let server = controlled().await;
    for when in ["before", "after"] {
        let fault = json!({"path": "/auth/login", "times": 1, "delayMs": 400, "when": when});
        server.control("/test/faults", fault).await;
        let start = Instant::now();
        tokens(server.login_as(EMAIL, PASSWORD).await).await;
        assert!(start.elapsed() >= Duration::from_millis(400), "{when}");
    }
}

#[tokio::test]
async fn an_endless_fault_ends_with_reset() {
    let server = controlled().await;
    let signed_in = server.login().await;
    let fault = json!({"path": "/api/me", "times": null, "status": 401});
    server.control("/test/faults", fault).await;
    for _ in 0..3 {
        assert_eq!(server.get("/api/me", &signed_in.access).await.status(), 401);
    }
    server.control("/test/reset", json!({})).await;
    assert_eq!(server.get("/api/me", &signed_in.access).await.status(), 200);
}

#[tokio::test]
async fn echo_shows_the_request_and_hides_the_token() {
    let server = controlled().await;
    let access = server.login().await.access;
    let request = server
        .request(Method::PUT, "/test/echo?a=1&b=2")
        .bearer_auth(&access)
        .header("X-Custom", "yes")
        .header(header::CONTENT_TYPE, "text/plain")
        .body("hello");
    let echo: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(echo["method"], "PUT");
    assert_eq!(echo["query"], "a=1&b=2");
    assert_eq!(echo["headers"]["x-custom"], "yes");
    assert_eq!(echo["headers"]["authorization"], "present");
    assert_eq!(echo["contentType"], "text/plain");
    assert_eq!(echo["bodyLength"], 5);
    assert_eq!(echo["bodyText"], "hello");
    let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(echo["bodySha256"], sha256);
    assert!(!echo.to_string().contains(&access));
    let unsigned = server.request(Method::PUT, "/test/echo").send().await;
    assert_eq!(unsigned.unwrap().status(), 401);
}

#[tokio::test]
async fn a_long_body_is_echoed_by_its_hash_and_its_beginning() {
    let server = controlled().await;
    let access = server.login().await.access;
    let request = server.request(Method::POST, "/test/echo").bearer_auth(&access).body(vec![b'x'; 5_000_000]);
    let echo: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(echo["bodyLength"], 5_000_000);
    assert_eq!(echo["bodyText"].as_str().unwrap().len(), 65_536);
}

#[tokio::test]
async fn bearer_endpoints_answer_what_the_test_asks_for() {
    let server = controlled().await;
    let access = server.login().await.access;
    for code in [200, 204, 304, 401, 418, 500] {
        let answer = server.get(&format!("/test/status/{code}"), &access).await;
        assert_eq!(answer.status(), code);
    }
    assert_eq!(server.get("/test/always-401", &access).await.status(), 401);
    let redirect = server.get("/test/redirect?to=https://b.example/%3Fq&status=302", &access).await;
    assert_eq!(redirect.status(), StatusCode::FOUND);
    assert_eq!(redirect.headers()[header::LOCATION], "https://b.example/?q");
    let start = Instant::now();
    assert_eq!(server.get("/test/slow?ms=300", &access).await.status(), 200);
    assert!(start.elapsed() >= Duration::from_millis(300));
    let stream = server.get("/test/stream?chunks=3&everyMs=10", &access).await;
    assert_eq!(stream.headers()[header::TRANSFER_ENCODING], "chunked");
    assert_eq!(stream.text().await.unwrap(), "chunk 1\nchunk 2\nchunk 3\n");
}
