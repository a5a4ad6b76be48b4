//! Refresh tokens: rotation, reuse, family, end.

use std::time::Duration;

use super::common::{self, cookie_value, refusal, refused, start, tokens};
use reqwest::StatusCode;
use serde_json::json;
use tokio::time::sleep;

#[tokio::test]
async fn a_refresh_rotates_the_cookie_and_answers_like_sign_in() {
    let server = start(&[]).await;
    let first = server.login().await;
    let second = tokens(server.refresh(&first.cookie).await).await;
    assert_ne!(first.cookie, second.cookie);
    assert_ne!(first.access, second.access);
    assert_eq!(first.body["user"], second.body["user"]);
    assert_eq!(second.body["tokenType"], "Bearer");
    assert_eq!(second.body["expiresIn"], 60);
    tokens(server.refresh(&second.cookie).await).await;
}

#[tokio::test]
async fn a_rotated_refresh_token_revokes_its_family() {
    let server = start(&[]).await;
    let first = server.login().await;
    let second = tokens(server.refresh(&first.cookie).await).await;

    let replay = server.refresh(&first.cookie).await;
    assert_eq!(cookie_value(&replay).as_deref(), Some(""));
    assert_eq!(refusal(replay).await, refused(401, "reuse_detected"));

    let successor = server.refresh(&second.cookie).await;
    assert_eq!(refusal(successor).await, refused(401, "no_session"));
    let call = server.get("/api/me", &second.access).await;
    assert_eq!(refusal(call).await, refused(401, "invalid_token"));
}

/// An answer is lost: the client has the old cookie still, and says by its key that it asks for the same thing.
#[tokio::test]
async fn a_refresh_whose_answer_was_lost_is_repeated_for_the_same_key_and_no_other() {
    let server = start(&[]).await;
    let first = server.login().await;
    tokens(server.refresh_as(&first.cookie, "a").await).await;
    let unseen = tokens(server.refresh_as(&first.cookie, "a").await).await;
    let second = tokens(server.refresh_as(&first.cookie, "a").await).await;
    let third = tokens(server.refresh_as(&second.cookie, "b").await).await;

    let late = server.refresh_as(&first.cookie, "a").await;
    assert_eq!(refusal(late).await, refused(401, "reuse_detected"), "the answer was not lost after all");
    for gone in [unseen, third] {
        assert!(!server.refresh_as(&gone.cookie, "c").await.status().is_success());
    }
}

#[tokio::test]
async fn another_key_or_none_is_reuse() {
    for key in [None, Some("b")] {
        let server = start(&[]).await;
        let first = server.login().await;
        tokens(server.refresh_as(&first.cookie, "a").await).await;
        let replay = match key {
            Some(key) => server.refresh_as(&first.cookie, key).await,
            None => server.refresh(&first.cookie).await,
        };
        assert_eq!(refusal(replay).await, refused(401, "reuse_detected"), "{key:?}");
    }
}

#[tokio::test]
async fn reuse_leaves_other_sign_ins_of_the_user_alone() {
    let server = start(&[]).await;
    let stolen = server.login().await;
    let other = server.login().await;
    tokens(server.refresh(&stolen.cookie).await).await;
    let replay = server.refresh(&stolen.cookie).await;
    assert_eq!(refusal(replay).await, refused(401, "reuse_detected"));
    tokens(server.refresh(&other.cookie).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_refreshes_with_one_token_rotate_once() {
    let server = start(&["--test-controls"]).await;
    for _ in 0..8 {
        let signed_in = server.login().await;
        let racing = (0..6).map(|_| server.refresh(&signed_in.cookie));
        let mut rotated = 0;
        for answer in futures_util::future::join_all(racing).await {
            match answer.status() {
                StatusCode::OK => rotated += 1,
                _ => assert_eq!(refusal(answer).await, refused(401, "reuse_detected")),
            }
        }
        assert_eq!(rotated, 1);
    }
    let counters = server.counters().await;
    let expected = json!({"requests": 48, "rotated": 8, "reuse": 40, "refused": 0});
    assert_eq!(counters["refresh"], expected);
    assert_eq!(counters["families_revoked"], 8);
}

#[tokio::test]
async fn a_refresh_without_a_known_cookie_is_no_session_and_clears_it() {
    let server = start(&[]).await;
    for cookie in ["", "unknown"] {
        let answer = server.refresh(cookie).await;
        assert_eq!(cookie_value(&answer).as_deref(), Some(""));
        assert_eq!(refusal(answer).await, refused(401, "no_session"));
    }
}

/// Times are whole seconds, so the end is three to four seconds after the sign-in.
#[tokio::test]
async fn rotation_does_not_move_the_end_of_the_family() {
    let server = start(&["--refresh-ttl=4"]).await;
    let first = server.login().await;
    sleep(Duration::from_millis(1500)).await;
    let answer = server.refresh(&first.cookie).await;
    assert!(common::max_age(&answer) <= 3);
    let second = tokens(answer).await;
    sleep(Duration::from_millis(2600)).await;
    let late = server.refresh(&second.cookie).await;
    assert_eq!(cookie_value(&late).as_deref(), Some(""));
    assert_eq!(refusal(late).await, refused(401, "no_session"));
}

#[tokio::test]
async fn an_access_token_does_not_outlive_its_family() {
    let server = start(&["--refresh-ttl=20"]).await;
    let expires_in = server.login().await.body["expiresIn"].as_i64().unwrap();
    assert!((15..=20).contains(&expires_in), "{expires_in}");
}

#[tokio::test]
async fn sign_in_replaces_the_session_the_browser_had() {
    let server = start(&[]).await;
    let old = server.login().await;
    let body = json!({ "email": common::EMAIL, "password": common::PASSWORD });
    let request = server
        .request(reqwest::Method::POST, "/auth/login")
        .header("cookie", format!("relatch_refresh={}", old.cookie))
        .json(&body);
    let new = tokens(request.send().await.unwrap()).await;
    let call = server.get("/api/me", &old.access).await;
    assert_eq!(refusal(call).await, refused(401, "invalid_token"));
    assert_eq!(server.get("/api/me", &new.access).await.status(), 200);
}

#[tokio::test]
async fn the_database_holds_no_token() {
    let server = start(&[]).await;
    let signed_in = server.login().await;
    let found = server.database.as_ref().unwrap().contents().await;
    assert!(contains(&found, b"ada@example.com"));
    assert!(!contains(&found, signed_in.cookie.as_bytes()));
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
