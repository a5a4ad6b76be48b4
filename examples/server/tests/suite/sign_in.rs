//! Sign-in, session, sign-out, and who may ask.

use std::time::{Duration, Instant};

use super::common::{self, EMAIL, PASSWORD, TestServer, cookie_value, refusal, refused, set_cookie, start};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

#[tokio::test]
async fn sign_in_answers_with_the_token_and_the_user() {
    let server = start(&[]).await;
    let body = server.login().await.body;
    assert_eq!(body["tokenType"], "Bearer");
    assert_eq!(body["expiresIn"], 60);
    assert_eq!(body["user"]["email"], EMAIL);
    assert_eq!(body["user"]["name"], "ada");
    assert_eq!(body["user"]["picture"], Value::Null);
    assert!(body["user"]["id"].is_string());
}

#[tokio::test]
async fn the_cookie_is_http_only_secure_lax_and_scoped() {
    let server = start(&[]).await;
    let answer = server.login_as(EMAIL, PASSWORD).await;
    let age = common::max_age(&answer);
    assert!((2_591_990..=2_592_000).contains(&age), "{age}");
    let mut attributes: Vec<_> = set_cookie(&answer).unwrap().split("; ").collect();
    let value = attributes.remove(0).strip_prefix("relatch_refresh=");
    assert_eq!(value.unwrap().len(), 43, "32 bytes in base64url");
    attributes.retain(|attribute| !attribute.starts_with("Max-Age="));
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Path=/auth", "SameSite=Lax", "Secure"]);
}

#[tokio::test]
async fn cookie_flags_change_name_path_and_secure() {
    let flags = ["--cookie-name=sid", "--cookie-path=/x", "--insecure-cookies"];
    let server = start(&flags).await;
    let answer = server.login_as(EMAIL, PASSWORD).await;
    let cookie = set_cookie(&answer).unwrap();
    assert!(cookie.starts_with("sid="));
    assert!(cookie.contains("; Path=/x;"));
    assert!(!cookie.contains("Secure"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_mail_answer_alike() {
    let server = start(&[]).await;
    let mut spent = Vec::new();
    for email in [EMAIL, "nobody@example.com"] {
        let mut fastest = Duration::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            let answer = server.login_as(email, "wrong").await;
            fastest = fastest.min(start.elapsed());
            assert_eq!(set_cookie(&answer), None);
            assert_eq!(refusal(answer).await, refused(401, "invalid_credentials"));
        }
        spent.push(fastest);
    }
    let [known, unknown] = spent[..] else { panic!("two addresses") };
    // A missing hash would answer in a hundredth of the time.
    assert!(unknown * 4 > known, "known {known:?}, unknown {unknown:?}");
}

#[tokio::test]
async fn the_mail_address_may_be_typed_in_any_case() {
    let server = start(&[]).await;
    let answer = server.login_as(" Ada@Example.COM ", PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_malformed_sign_in_is_an_invalid_request() {
    let server = start(&[]).await;
    for body in ["", "{", "[]", r#"{"email":"a@b.c"}"#, r#"{"email":1,"password":""}"#] {
        let request =
            server.request(Method::POST, "/auth/login").header(header::CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(refusal(answer).await, refused(400, "invalid_request"), "{body}");
    }
}

#[tokio::test]
async fn a_post_from_another_origin_is_refused() {
    let server = start(&["--origin=https://app.example"]).await;
    let own = format!("http://localhost:{}", server.port);
    let other_port = format!("http://localhost:{}", server.port ^ 1);
    for (origin, allowed) in [
        (Some(own.as_str()), true),
        (Some("https://app.example"), true),
        (Some("https://app.example.evil"), false),
        (Some(other_port.as_str()), false),
        (Some("null"), false),
        (None, false),
    ] {
        for path in ["/auth/login", "/auth/social-login", "/auth/refresh", "/auth/logout", "/api/notes"] {
            let mut request = server.foreign(Method::POST, path);
            if let Some(origin) = origin {
                request = request.header(header::ORIGIN, origin);
            }
            let answer = request.send().await.unwrap();
            let refused = answer.status() == StatusCode::FORBIDDEN;
            assert_eq!(refused, !allowed, "{origin:?} {path}");
            if refused {
                assert_eq!(refusal(answer).await, common::refused(403, "origin_not_allowed"));
            }
        }
    }
}

async fn session(server: &TestServer, cookie: &str) -> reqwest::Response {
    let request =
        server.request(Method::GET, "/auth/session").header(header::COOKIE, format!("a=b; relatch_refresh={cookie}"));
    request.send().await.unwrap()
}

#[tokio::test]
async fn the_session_is_readable_by_token_or_cookie_and_does_not_rotate() {
    let server = start(&[]).await;
    let signed_in = server.login().await;
    let by_token: Value = server.get("/auth/session", &signed_in.access).await.json().await.unwrap();
    for _ in 0..2 {
        let answer = session(&server, &signed_in.cookie).await;
        assert_eq!(set_cookie(&answer), None);
        assert_eq!(answer.json::<Value>().await.unwrap(), by_token);
    }
    assert_eq!(by_token["user"], signed_in.body["user"]);
    let expires = by_token["expires"].as_str().unwrap();
    assert!(expires.ends_with('Z') && expires.len() == 20, "{expires}");
    common::tokens(server.refresh(&signed_in.cookie).await).await;
}

#[tokio::test]
async fn there_is_no_session_without_a_live_token() {
    let server = start(&[]).await;
    let signed_in = server.login().await;
    let bad_token = server.get("/auth/session", "nonsense").await;
    assert_eq!(refusal(bad_token).await, refused(401, "no_session"));
    let unknown = session(&server, "unknown").await;
    assert_eq!(refusal(unknown).await, refused(401, "no_session"));
    common::tokens(server.refresh(&signed_in.cookie).await).await;
    let rotated = session(&server, &signed_in.cookie).await;
    assert_eq!(refusal(rotated).await, refused(401, "no_session"));
}

#[tokio::test]
async fn sign_out_ends_the_family_and_is_idempotent() {
    let server = start(&[]).await;
    let signed_in = server.login().await;
    for cookie in [signed_in.cookie.as_str(), signed_in.cookie.as_str(), ""] {
        let answer = server.post("/auth/logout", cookie).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(cookie_value(&answer).as_deref(), Some(""));
        assert!(set_cookie(&answer).unwrap().contains("Max-Age=0"));
    }
    let call = server.get("/api/me", &signed_in.access).await;
    assert_eq!(refusal(call).await, refused(401, "invalid_token"));
    let again = server.refresh(&signed_in.cookie).await;
    assert_eq!(refusal(again).await, refused(401, "no_session"));
}

#[tokio::test]
async fn nothing_under_auth_or_api_is_stored() {
    let server = start(&[]).await;
    let signed_in = server.login().await;
    let answers = [
        server.login_as(EMAIL, PASSWORD).await,
        server.login_as(EMAIL, "wrong").await,
        server.refresh("unknown").await,
        server.post("/auth/logout", "").await,
        server.get("/auth/session", &signed_in.access).await,
        server.get("/api/me", &signed_in.access).await,
        server.get("/api/notes", "").await,
    ];
    for answer in answers {
        let url = answer.url().clone();
        let stored = &answer.headers()[header::CACHE_CONTROL];
        assert_eq!(stored, "no-store", "{url}");
    }
}

#[tokio::test]
async fn a_short_key_is_refused_at_start() {
    use clap::Parser;
    use relatch_example_server::{Config, Server, StartError};

    let flags = ["server", "--port=0", "--database=sqlite::memory:"];
    let mut config = Config::try_parse_from(flags).unwrap();
    config.jwt_secret = Some(json!("short").to_string());
    assert!(matches!(Server::bind(config).await, Err(StartError::ShortKey)));
}

#[tokio::test]
async fn another_cookie_of_whatever_bytes_does_not_hide_this_one() {
    let server = start(&[]).await;
    let first = server.login().await;
    let beside = |token: &str| {
        let bytes = [b"nick=\xea\xb9\x80; bad=\xff; relatch_refresh=", token.as_bytes()].concat();
        header::HeaderValue::from_bytes(&bytes).unwrap()
    };
    let refresh = server.request(Method::POST, "/auth/refresh").header(header::COOKIE, beside(&first.cookie));
    let second = common::tokens(refresh.send().await.unwrap()).await;
    let logout = server.request(Method::POST, "/auth/logout").header(header::COOKIE, beside(&second.cookie));
    assert_eq!(logout.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(refusal(server.refresh(&second.cookie).await).await, refused(401, "no_session"));
}

#[tokio::test]
async fn a_sign_out_ends_the_session_of_the_access_token_beside_a_cookie_of_another() {
    let server = start(&[]).await;
    let former = server.login().await;
    server.post("/auth/logout", &former.cookie).await;
    let present = server.login().await;
    let cookie = format!("relatch_refresh={}", former.cookie);
    let logout =
        server.request(Method::POST, "/auth/logout").header(header::COOKIE, cookie).bearer_auth(&present.access);
    assert_eq!(logout.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let call = server.get("/api/me", &present.access).await;
    assert_eq!(refusal(call).await, refused(401, "invalid_token"));
}

#[tokio::test]
async fn a_text_that_no_database_keeps_is_refused_as_such() {
    let server = start(&[]).await;
    assert_eq!(refusal(server.login_as("a\0@example.com", "x").await).await, refused(400, "invalid_request"));
    let access = server.login().await.access;
    let note = server.request(Method::POST, "/api/notes").bearer_auth(&access).json(&json!({ "text": "a\0" }));
    assert_eq!(refusal(note.send().await.unwrap()).await, refused(400, "invalid_request"));
    let social = json!({ "provider": "kakao", "token": "a\nb" });
    let social = server.request(Method::POST, "/auth/social-login").json(&social);
    assert_eq!(refusal(social.send().await.unwrap()).await, refused(400, "invalid_request"));
}
