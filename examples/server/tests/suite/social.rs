//! Sign-in with a provider's token, against a provider of the test's own.

use super::common::{EMAIL, TestServer, refusal, refused, start, tokens};
use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
    routing::get,
};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Endpoints in the shapes of the three, which know one token each.
async fn start_provider() -> String {
    let router = Router::new()
        .route("/google", get(google))
        .route("/kakao", get(kakao))
        .route("/naver", get(naver))
        .route("/broken", get(async || StatusCode::SERVICE_UNAVAILABLE))
        .route("/html", get(async || "<html>"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await });
    format!("http://{address}")
}

type Answer = Result<Json<Value>, StatusCode>;

fn answer(headers: &HeaderMap, profile: Value) -> Answer {
    match headers.get("authorization") {
        Some(token) if token == "Bearer good" => Ok(Json(profile)),
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}

async fn google(headers: HeaderMap) -> Answer {
    let profile = json!({
        "sub": "g-1", "name": "Grace", "email": EMAIL, "picture": "https://img.example/g.png",
    });
    answer(&headers, profile)
}

async fn kakao(headers: HeaderMap) -> Answer {
    let profile = json!({
        "id": 12_345_678_901_u64,
        "kakao_account": {
            "profile": {"nickname": "Kim", "profile_image_url": "https://img.example/k.png"},
        },
    });
    answer(&headers, profile)
}

async fn naver(headers: HeaderMap) -> Answer {
    let profile = json!({
        "resultcode": "00",
        "response": {
            "id": "n-1", "name": "Na", "email": "na@example.com",
            "profile_image": "https://img.example/n.png",
        },
    });
    answer(&headers, profile)
}

async fn start_with_provider() -> TestServer {
    let provider = start_provider().await;
    let flags = ["google", "kakao", "naver"].map(|it| format!("--provider={it}={provider}/{it}"));
    start(&flags.each_ref().map(String::as_str)).await
}

async fn social_login(server: &TestServer, body: Value) -> Response {
    let request = server.request(Method::POST, "/auth/social-login");
    request.json(&body).send().await.unwrap()
}

#[tokio::test]
async fn three_providers_answer_in_one_shape() {
    let server = start_with_provider().await;
    for (provider, email, name, picture) in [
        ("google", json!(EMAIL), "Grace", "https://img.example/g.png"),
        ("kakao", Value::Null, "Kim", "https://img.example/k.png"),
        ("naver", json!("na@example.com"), "Na", "https://img.example/n.png"),
    ] {
        let body = json!({"provider": provider, "token": "good"});
        let signed_in = tokens(social_login(&server, body).await).await;
        let user = &signed_in.body["user"];
        assert_eq!(user["email"], email);
        assert_eq!(user["name"], name);
        assert_eq!(user["picture"], picture);
        assert_eq!(server.get("/api/me", &signed_in.access).await.status(), 200);
        tokens(server.refresh(&signed_in.cookie).await).await;
    }
}

#[tokio::test]
async fn social_login_trusts_the_provider_and_not_the_profile() {
    let server = start_with_provider().await;
    for (provider, claimed) in [
        ("google", json!({"sub": "g-2"})),
        ("google", json!({"id": "g-2"})),
        ("google", json!({"sub": "g-1", "id": "g-2"})),
        ("google", json!({"id": {}})),
        ("kakao", json!({"id": 1})),
        ("naver", json!({"response": {"id": "n-2"}})),
    ] {
        let body = json!({"provider": provider, "token": "good", "profile": claimed});
        let answer = social_login(&server, body).await;
        assert_eq!(refusal(answer).await, refused(401, "invalid_credentials"));
    }
    let claimed = json!({"id": "g-1", "name": "Mallory", "email": "root@example.com"});
    let body = json!({"provider": "google", "token": "good", "profile": claimed});
    let user = tokens(social_login(&server, body).await).await.body["user"].clone();
    assert_eq!(user["name"], "Grace");
    assert_eq!(user["email"], EMAIL);
}

#[tokio::test]
async fn the_same_provider_and_id_is_the_same_user() {
    let server = start_with_provider().await;
    let kakao = json!({"provider": "kakao", "token": "good", "profile": {"id": 12_345_678_901_u64}});
    let first = tokens(social_login(&server, kakao.clone()).await).await;
    let second = tokens(social_login(&server, kakao).await).await;
    assert_eq!(first.body["user"], second.body["user"]);
}

#[tokio::test]
async fn a_shared_mail_address_does_not_open_another_account() {
    let server = start_with_provider().await;
    let local = server.login().await;
    let body = json!({"provider": "google", "token": "good"});
    let social = tokens(social_login(&server, body).await).await;
    assert_eq!(local.body["user"]["email"], social.body["user"]["email"]);
    assert_ne!(local.body["user"]["id"], social.body["user"]["id"]);
}

#[tokio::test]
async fn a_token_the_provider_refuses_is_refused() {
    let server = start_with_provider().await;
    let body = json!({"provider": "google", "token": "stolen", "profile": {"id": "g-1"}});
    let answer = social_login(&server, body).await;
    assert_eq!(refusal(answer).await, refused(401, "invalid_credentials"));
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_unavailable() {
    let provider = start_provider().await;
    let broken = format!("--provider=google={provider}/broken");
    let html = format!("--provider=kakao={provider}/html");
    let gone = "--provider=naver=http://127.0.0.1:1/";
    let server = start(&[&broken, &html, gone]).await;
    for provider in ["google", "kakao", "naver"] {
        let body = json!({"provider": provider, "token": "good"});
        let answer = social_login(&server, body).await;
        assert_eq!(refusal(answer).await, refused(502, "provider_unavailable"));
    }
}

#[tokio::test]
async fn an_unknown_provider_is_an_invalid_request() {
    let server = start_with_provider().await;
    for body in [json!({"provider": "myspace", "token": "good"}), json!({"provider": "google"})] {
        let answer = social_login(&server, body).await;
        assert_eq!(refusal(answer).await, refused(400, "invalid_request"));
    }
}
