//! The real server on a real port, and a client that handles the cookie by hand.

#![allow(dead_code, unreachable_pub)]

use std::{
    future::pending,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use clap::Parser;
use relatch_example_server::{Config, Server};
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode,
    header::{COOKIE, ORIGIN, SET_COOKIE},
    redirect::Policy,
};
use serde_json::{Value, json};

use crate::Database;

pub const EMAIL: &str = "ada@example.com";
pub const PASSWORD: &str = "correct horse";

pub struct TestServer {
    pub base: String,
    pub port: u16,
    client: Client,
    /// Its own, if it has one.
    pub database: Option<Database>,
}

/// What a sign-in or a refresh left behind.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub cookie: String,
    pub body: Value,
}

/// Starts a server on a database and with a key of its own, with one user, plus `flags`.
pub async fn start(flags: &[&str]) -> TestServer {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let database = Database::new().await;
    let key = format!("server {}", NUMBER.fetch_add(1, Relaxed));
    let server = start_on(&database.url, &key, flags).await;
    TestServer { database: Some(database), ..server }
}

/// Starts two that share a database and a key.
pub async fn start_two(flags: &[&str]) -> [TestServer; 2] {
    let database = Database::new().await;
    let one = start_on(&database.url, "both", flags).await;
    let other = start_on(&database.url, "both", flags).await;
    [TestServer { database: Some(database), ..one }, other]
}

pub async fn start_on(database: &str, key: &str, flags: &[&str]) -> TestServer {
    let user = format!("{EMAIL}:{PASSWORD}");
    let fixed = ["server", "--port=0", "--demo-user", &user, "--database", database];
    let mut config = Config::try_parse_from(fixed.iter().chain(flags)).unwrap();
    config.jwt_secret = Some(format!("{key:_<32}"));
    let server = Server::bind(config).await.unwrap();
    let port = server.port();
    tokio::spawn(server.run(pending()));
    TestServer {
        base: format!("http://127.0.0.1:{port}"),
        port,
        client: Client::builder().no_proxy().redirect(Policy::none()).build().unwrap(),
        database: None,
    }
}

impl TestServer {
    /// A request as a page of this server sends it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.foreign(method, path).header(ORIGIN, &self.base)
    }

    /// A request without an `Origin`.
    pub fn foreign(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn post(&self, path: &str, cookie: &str) -> Response {
        let request = self.request(Method::POST, path).header(COOKIE, format!("relatch_refresh={cookie}"));
        request.send().await.unwrap()
    }

    pub async fn get(&self, path: &str, access: &str) -> Response {
        let request = self.request(Method::GET, path).bearer_auth(access);
        request.send().await.unwrap()
    }

    /// A test control.
    pub async fn control(&self, path: &str, body: Value) {
        let request = self.foreign(Method::POST, path).json(&body);
        let status = request.send().await.unwrap().status();
        assert_eq!(status, StatusCode::NO_CONTENT, "{path}");
    }

    pub async fn counters(&self) -> Value {
        let request = self.foreign(Method::GET, "/test/counters");
        request.send().await.unwrap().json().await.unwrap()
    }

    pub async fn login_as(&self, email: &str, password: &str) -> Response {
        let body = json!({ "email": email, "password": password });
        let request = self.request(Method::POST, "/auth/login").json(&body);
        request.send().await.unwrap()
    }

    pub async fn login(&self) -> Tokens {
        tokens(self.login_as(EMAIL, PASSWORD).await).await
    }

    /// A refresh with an `Idempotency-Key`.
    pub async fn refresh_as(&self, cookie: &str, key: &str) -> Response {
        let request = self.request(Method::POST, "/auth/refresh").header(COOKIE, format!("relatch_refresh={cookie}"));
        request.header("idempotency-key", key).send().await.unwrap()
    }

    pub async fn refresh(&self, cookie: &str) -> Response {
        self.post("/auth/refresh", cookie).await
    }
}

pub async fn tokens(response: Response) -> Tokens {
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = cookie_value(&response).unwrap();
    let body: Value = response.json().await.unwrap();
    Tokens { access: body["accessToken"].as_str().unwrap().to_owned(), cookie, body }
}

pub fn set_cookie(response: &Response) -> Option<&str> {
    response.headers().get(SET_COOKIE)?.to_str().ok()
}

/// The value a response gives the cookie; empty if it clears it.
pub fn cookie_value(response: &Response) -> Option<String> {
    let pair = set_cookie(response)?.split(';').next()?;
    Some(pair.strip_prefix("relatch_refresh=")?.to_owned())
}

/// How long the browser is to keep the cookie.
pub fn max_age(response: &Response) -> i64 {
    let mut attributes = set_cookie(response).unwrap().split("; ");
    let age = attributes.find_map(|attribute| attribute.strip_prefix("Max-Age="));
    age.unwrap().parse().unwrap()
}

/// Status and error code.
pub async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["error"].as_str().unwrap().to_owned())
}

pub fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
