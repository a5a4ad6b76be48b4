//! The database: `SQLite` in a file for one server, or `PostgreSQL` for several.
//!
//! Each statement of this crate is there once, in the SQL that both take: `$1` placeholders,
//! `RETURNING`, `ON CONFLICT`, columns of TEXT and BIGINT. `Any` is sqlx's type for a database
//! that is chosen at run time. With only one in mind, put its types here (`sqlx::PgPool`,
//! `PgConnection`, `PgExecutor`); no other file has to change.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _, any::AnyPoolOptions};

pub(crate) use sqlx::{AnyConnection as Connection, AnyExecutor as Executor};

pub(crate) type Db = sqlx::AnyPool;

/// What a `--database` URL names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `sqlite::memory:`
    Memory,
    /// `sqlite:FILE`
    File,
    Postgres,
}

impl Kind {
    pub(crate) fn of(url: &str) -> Option<Self> {
        match url.split_once(':')? {
            ("sqlite", name) if name.contains(":memory:") => Some(Self::Memory),
            ("sqlite", _) => Some(Self::File),
            ("postgres" | "postgresql", _) => Some(Self::Postgres),
            _ => None,
        }
    }

    /// What each connection begins with. `refresh_token::rotate` relies on READ COMMITTED, which
    /// is the default unless the database or the role has another one. Nobody waits for ever behind a row that an instance has
    /// locked which is there no more. The server's notices (a table is there already) are of no interest.
    fn setting(self) -> &'static str {
        match self {
            Self::Postgres => {
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;
                 SET lock_timeout = '5s';
                 SET statement_timeout = '10s';
                 SET idle_in_transaction_session_timeout = '10s';
                 SET client_min_messages = warning"
            }
            Self::File | Self::Memory => "PRAGMA journal_mode = WAL",
        }
    }
}

/// Opens the database, creating the file if missing, and brings the schema up to date; of several
/// instances that start at once, one does and the others wait.
pub(crate) async fn open(url: &str) -> Result<Db, sqlx::Error> {
    sqlx::any::install_default_drivers();
    let kind = Kind::of(url).ok_or_else(|| sqlx::Error::Configuration("not a database of this server".into()))?;
    let url = match kind {
        Kind::File if !url.contains("mode=") => format!("{url}{}mode=rwc", if url.contains('?') { '&' } else { '?' }),
        _ => url.to_owned(),
    };
    // A pool tries again until its time is up, and then only says that it is.
    Connection::connect(&url).await?.close().await?;
    let db = AnyPoolOptions::new()
        .acquire_timeout(Duration::from_secs(5))
        // Each connection to `:memory:` is a database of its own, so there is one and it stays open.
        .max_connections(if kind == Kind::Memory { 1 } else { 8 })
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(kind.setting()).await?;
                Ok(())
            })
        })
        .connect(&url)
        .await?;
    sqlx::migrate!("./migrations").run(&db).await?;
    Ok(db)
}
