//! The suite on `PostgreSQL`: one of the program's own, and a database in it for each test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod suite;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use clap::Parser;
use futures_util::future::join_all;
use relatch_example_server::{Config, Server, StartError};
use sqlx::{Any, AnyConnection, AssertSqlSafe, Connection, migrate::MigrateDatabase};
use suite::{common::start_on, instances::assert_one_wins};

pub(crate) struct Database {
    pub(crate) url: String,
    name: String,
}

impl Database {
    pub(crate) async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Relaxed));
        let url = POSTGRES.url.replace("/postgres?", &format!("/{name}?"));
        sqlx::any::install_default_drivers();
        Any::create_database(&url).await.unwrap();
        Self { url, name }
    }

    /// All that it holds.
    pub(crate) async fn contents(&self) -> Vec<u8> {
        let mut connection = AnyConnection::connect(&self.url).await.unwrap();
        let xml: String = sqlx::query_scalar("SELECT database_to_xml(true, true, '')::text")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        xml.into_bytes()
    }
}

static POSTGRES: LazyLock<Postgres> = LazyLock::new(Postgres::start);

/// Ends with this program, whose end of the pipe closes then.
struct Postgres {
    url: String,
    _script: Child,
}

impl Postgres {
    fn start() -> Self {
        let mut script = Command::new("sh")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres.sh"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(script.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("PostgreSQL has not started");
        Self { url: url.to_owned(), _script: script }
    }
}

async fn bind(database: &Database, key: Option<&str>, flags: &[&str]) -> Result<Server, StartError> {
    let fixed = ["server", "--port=0", "--database", &database.url];
    let mut config = Config::try_parse_from(fixed.iter().chain(flags)).unwrap();
    config.jwt_secret = key.map(|letter| letter.repeat(32));
    Server::bind(config).await
}

#[tokio::test]
async fn an_instance_without_a_key_does_not_start() {
    let refused = bind(&Database::new().await, None, &[]).await;
    assert!(matches!(refused, Err(StartError::NoKey)));
}

#[tokio::test]
async fn an_instance_with_another_key_or_cookie_than_the_others_does_not_start() {
    let database = Database::new().await;
    assert!(bind(&database, Some("a"), &[]).await.is_ok());
    assert!(bind(&database, Some("a"), &["--access-ttl=5"]).await.is_ok());
    let other_key = bind(&database, Some("b"), &[]).await;
    assert!(matches!(other_key, Err(StartError::OtherKey)));
    for flag in ["--cookie-name=sid", "--cookie-path=/"] {
        let other_cookie = bind(&database, Some("a"), &[flag]).await;
        assert!(matches!(other_cookie, Err(StartError::OtherCookie)), "{flag}");
    }
    assert!(bind(&database, Some("b"), &["--agree-anew", "--cookie-path=/"]).await.is_ok());
    assert!(matches!(bind(&database, Some("a"), &[]).await, Err(StartError::OtherKey)));
}

#[tokio::test]
async fn the_key_is_not_in_the_database() {
    let database = Database::new().await;
    assert!(bind(&database, Some("k"), &[]).await.is_ok());
    let contents = String::from_utf8(database.contents().await).unwrap();
    assert!(contents.contains("relatch_refresh /auth"), "{contents}");
    assert!(!contents.contains("kkkk"));
}

#[tokio::test]
async fn instances_that_start_at_once_on_an_empty_database_all_do() {
    let database = Database::new().await;
    let starting = (0..4).map(|_| bind(&database, Some("k"), &["--demo-user=a@b.c:d"]));
    for started in join_all(starting).await {
        assert!(started.is_ok(), "{:?}", started.err());
    }
}

/// Under REPEATABLE READ whoever waited for a row fails once it has changed.
#[tokio::test(flavor = "multi_thread")]
async fn rotation_does_not_depend_on_the_isolation_that_the_database_has_by_default() {
    let database = Database::new().await;
    let mut connection = AnyConnection::connect(&database.url).await.unwrap();
    let stricter = format!("ALTER DATABASE {} SET default_transaction_isolation = 'repeatable read'", database.name);
    sqlx::raw_sql(AssertSqlSafe(stricter)).execute(&mut connection).await.unwrap();
    let one = start_on(&database.url, "k", &["--test-controls"]).await;
    let other = start_on(&database.url, "k", &["--test-controls"]).await;
    assert_one_wins(&[one, other]).await;
}

/// As an instance leaves it that has lost its network in the middle of a rotation.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_locked_for_ever_holds_up_nobody_else() {
    let database = Database::new().await;
    let server = start_on(&database.url, "k", &[]).await;
    let session = server.login().await;
    let mut stuck = AnyConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("BEGIN; UPDATE families SET expires_at = expires_at").execute(&mut stuck).await.unwrap();
    let refused = join_all((0..9).map(|_| server.refresh(&session.cookie))).await;
    assert!(refused.iter().all(|answer| answer.status() == 500));
    assert_eq!(server.get("/api/me", &session.access).await.status(), 200);
}

/// An error is what people paste into an issue.
#[tokio::test]
async fn a_database_that_cannot_be_reached_is_an_error_without_its_password() {
    let url = "--database=postgres://ada:hunter2@127.0.0.1:1/server";
    let mut config = Config::try_parse_from(["server", "--port=0", url]).unwrap();
    config.jwt_secret = Some("k".repeat(32));
    let error = Server::bind(config).await.err().unwrap();
    assert!(matches!(error, StartError::Database(sqlx::Error::Io(_))), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
