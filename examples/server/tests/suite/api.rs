//! The API behind the access token.

use std::time::Duration;

use super::common::{self, TestServer, refusal, refused, start};
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::time::sleep;

async fn post_note(server: &TestServer, access: &str, text: &str) -> Response {
    let request = server.request(Method::POST, "/api/notes").bearer_auth(access).json(&json!({ "text": text }));
    request.send().await.unwrap()
}

#[tokio::test]
async fn notes_belong_to_their_user() {
    let server = start(&["--demo-user=bob@example.com:battery staple"]).await;
    let ada = server.login().await;
    let bob = server.login_as("bob@example.com", "battery staple").await;
    let bob = common::tokens(bob).await;
    for text in ["first", "second"] {
        let answer = post_note(&server, &ada.access, text).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let note: Value = answer.json().await.unwrap();
        assert_eq!(note["text"], text);
        assert!(note["id"].is_string() && note["createdAt"].is_string());
        sleep(Duration::from_millis(2)).await;
    }
    let notes: Vec<Value> = server.get("/api/notes", &ada.access).await.json().await.unwrap();
    let texts: Vec<_> = notes.iter().map(|note| &note["text"]).collect();
    assert_eq!(texts, ["first", "second"]);
    let others = server.get("/api/notes", &bob.access).await;
    assert_eq!(others.json::<Value>().await.unwrap(), json!([]));
}

#[tokio::test]
async fn a_note_has_one_to_2000_characters() {
    let server = start(&[]).await;
    let access = server.login().await.access;
    for (text, status) in [(String::new(), 400), ("é".repeat(2000), 201), ("é".repeat(2001), 400)] {
        let answer = post_note(&server, &access, &text).await;
        assert_eq!(answer.status(), status);
    }
}

#[tokio::test]
async fn me_is_the_user_of_the_token() {
    let server = start(&[]).await;
    let signed_in = server.login().await;
    let me: Value = server.get("/api/me", &signed_in.access).await.json().await.unwrap();
    assert_eq!(me, signed_in.body["user"]);
}

#[tokio::test]
async fn a_missing_token_and_a_bad_one_are_challenged_apart() {
    let server = start(&[]).await;
    let missing = server.foreign(Method::GET, "/api/me").send().await.unwrap();
    assert_eq!(missing.headers()[header::WWW_AUTHENTICATE], "Bearer");
    assert_eq!(refusal(missing).await, refused(401, "invalid_token"));
    let bad = server.get("/api/me", "nonsense").await;
    let challenge = &bad.headers()[header::WWW_AUTHENTICATE];
    assert_eq!(challenge, "Bearer error=\"invalid_token\"");
    assert_eq!(refusal(bad).await, refused(401, "invalid_token"));
}

#[tokio::test]
async fn an_access_token_expires() {
    let server = start(&["--access-ttl=1"]).await;
    let access = server.login().await.access;
    assert_eq!(server.get("/api/me", &access).await.status(), 200);
    sleep(Duration::from_millis(2100)).await;
    let late = server.get("/api/me", &access).await;
    assert_eq!(refusal(late).await, refused(401, "invalid_token"));
}

#[tokio::test]
async fn a_token_of_another_key_or_algorithm_is_refused() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    let server = start(&[]).await;
    let own = server.login().await.access;
    let foreign = start(&[]).await.login().await.access;
    let [_, claims, mac] = own.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let header = |alg: &str| URL_SAFE_NO_PAD.encode(json!({"alg": alg, "typ": "JWT"}).to_string());
    for token in [
        foreign,
        format!("{}.{claims}.", header("none")),
        format!("{}.{claims}.{mac}", header("none")),
        format!("{}.{claims}.{mac}", header("HS512")),
        format!("{}.{claims}.{mac}", header("RS256")),
        format!("{own}x"),
    ] {
        let answer = server.get("/api/me", &token).await;
        assert_eq!(refusal(answer).await, refused(401, "invalid_token"), "{token}");
    }
}
