//! Two servers on one database, as behind a load balancer that sends each request to either.

use futures_util::future::{join, join_all};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::common::{TestServer, Tokens, cookie_value, refusal, refused, start_two, tokens};

/// Who is signed in by this cookie, asked without using it up.
async fn is_live(server: &TestServer, cookie: &str) -> bool {
    let request = server.request(Method::GET, "/auth/session").header("cookie", format!("relatch_refresh={cookie}"));
    request.send().await.unwrap().status().is_success()
}

#[tokio::test]
async fn what_one_has_issued_the_other_takes() {
    let [one, other] = start_two(&[]).await;
    let first = one.login().await;
    assert_eq!(other.get("/api/me", &first.access).await.status(), 200);
    let second = tokens(other.refresh(&first.cookie).await).await;
    assert_eq!(one.get("/api/me", &second.access).await.status(), 200);
    let third = tokens(one.refresh(&second.cookie).await).await;
    let note =
        one.request(Method::POST, "/api/notes").bearer_auth(&third.access).json(&json!({"text": "seen by both"}));
    assert_eq!(note.send().await.unwrap().status(), StatusCode::CREATED);
    let notes: Value = other.get("/api/notes", &third.access).await.json().await.unwrap();
    assert_eq!(notes[0]["text"], "seen by both");
}

#[tokio::test]
async fn a_token_that_one_has_rotated_is_reuse_at_the_other_and_ends_the_family_at_both() {
    let [one, other] = start_two(&[]).await;
    let first = one.login().await;
    let second = tokens(one.refresh(&first.cookie).await).await;

    let replay = other.refresh(&first.cookie).await;
    assert_eq!(cookie_value(&replay).as_deref(), Some(""));
    assert_eq!(refusal(replay).await, refused(401, "reuse_detected"));

    for server in [&one, &other] {
        let call = server.get("/api/me", &second.access).await;
        assert_eq!(refusal(call).await, refused(401, "invalid_token"));
        let successor = server.refresh(&second.cookie).await;
        assert_eq!(refusal(successor).await, refused(401, "no_session"));
    }
}

#[tokio::test]
async fn a_sign_out_at_one_holds_at_the_other() {
    let [one, other] = start_two(&[]).await;
    let signed_in = one.login().await;
    other.post("/auth/logout", &signed_in.cookie).await;
    assert_eq!(one.get("/api/me", &signed_in.access).await.status(), 401);
    assert_eq!(refusal(one.refresh(&signed_in.cookie).await).await, refused(401, "no_session"));
}

#[tokio::test]
async fn access_tokens_that_are_expired_at_one_are_refused_at_the_other() {
    let [one, other] = start_two(&["--test-controls"]).await;
    let first = one.login().await;
    other.control("/test/expire-access", json!({})).await;
    for server in [&one, &other] {
        assert_eq!(server.get("/api/me", &first.access).await.status(), 401);
    }
    let second = tokens(one.refresh(&first.cookie).await).await;
    for server in [&one, &other] {
        assert_eq!(server.get("/api/me", &second.access).await.status(), 200);
    }
}

/// Presents one token many times at once, at both servers in turn.
async fn present(servers: &[TestServer; 2], cookie: &str, key: Option<&str>) -> Vec<reqwest::Response> {
    let presenting = (0..8).map(|number| {
        let server = &servers[number % 2];
        async move {
            match key {
                Some(key) => server.refresh_as(cookie, key).await,
                None => server.refresh(cookie).await,
            }
        }
    });
    join_all(presenting).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_presentations_of_one_token_at_once_exactly_one_wins() {
    assert_one_wins(&start_two(&["--test-controls"]).await).await;
}

pub(crate) async fn assert_one_wins(servers: &[TestServer; 2]) {
    for _ in 0..12 {
        let signed_in = servers[0].login().await;
        let mut won = Vec::new();
        for answer in present(servers, &signed_in.cookie, None).await {
            if answer.status() == StatusCode::OK {
                won.push(tokens(answer).await);
            } else {
                assert_eq!(refusal(answer).await, refused(401, "reuse_detected"));
            }
        }
        let [Tokens { access, cookie, .. }] = &won[..] else { panic!("{} have won", won.len()) };
        // The others were reuse, so what the one got is of no use either.
        assert_eq!(servers[1].get("/api/me", access).await.status(), 401);
        assert!(!is_live(&servers[1], cookie).await);
    }
    let mut seen = [0; 3];
    for server in servers {
        let counters = server.counters().await;
        let refresh = &counters["refresh"];
        for (sum, number) in
            seen.iter_mut().zip([&refresh["rotated"], &refresh["reuse"], &counters["families_revoked"]])
        {
            *sum += number.as_u64().unwrap();
        }
    }
    assert_eq!(seen, [12, 84, 12]);
}

/// A client whose answers are lost asks again, and one of its requests may still be under way.
#[tokio::test(flavor = "multi_thread")]
async fn repetitions_with_one_key_at_once_are_all_answered_and_leave_one_good_token() {
    let servers = start_two(&[]).await;
    for _ in 0..12 {
        let signed_in = servers[0].login().await;
        let mut live = Vec::new();
        for answer in present(&servers, &signed_in.cookie, Some("a")).await {
            let issued = tokens(answer).await;
            if is_live(&servers[1], &issued.cookie).await {
                live.push(issued);
            }
        }
        let [last] = &live[..] else { panic!("{} are good", live.len()) };
        assert_eq!(servers[0].get("/api/me", &last.access).await.status(), 200);
        tokens(servers[1].refresh(&last.cookie).await).await;
    }
}

/// Whichever comes first, nobody is signed in when both are done, and neither fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_and_a_sign_out_at_once_leave_nobody_signed_in() {
    let [one, other] = start_two(&[]).await;
    for _ in 0..24 {
        let signed_in = one.login().await;
        let (refresh, sign_out) =
            join(one.refresh(&signed_in.cookie), other.post("/auth/logout", &signed_in.cookie)).await;
        assert_eq!(sign_out.status(), StatusCode::NO_CONTENT);
        let rotated = cookie_value(&refresh).expect("the cookie is set anew or cleared");
        assert_eq!(refresh.status() == StatusCode::OK, !rotated.is_empty());
        for access in
            [Some(signed_in.access), refresh.json::<Value>().await.unwrap()["accessToken"].as_str().map(str::to_owned)]
        {
            let Some(access) = access else { continue };
            assert_eq!(one.get("/api/me", &access).await.status(), 401);
        }
        assert!(!is_live(&one, &rotated).await);
    }
}
