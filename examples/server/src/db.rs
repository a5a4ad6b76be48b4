//! The database.
//!
//! The statements of this crate are plain SQL with `$1` placeholders, `RETURNING` and
//! `ON CONFLICT`, which `SQLite` and `PostgreSQL` share: for the latter change
//! this file and the feature of `sqlx` in `Cargo.toml`.

use std::{str::FromStr, time::Duration};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

pub(crate) use sqlx::{SqliteConnection as Connection, SqliteExecutor as Executor};

pub(crate) type Db = sqlx::SqlitePool;

/// Opens the database, creating it if missing, and brings its schema up to date.
pub(crate) async fn open(url: &str) -> Result<Db, sqlx::Error> {
    let in_memory = url.contains(":memory:");
    let mut options = SqliteConnectOptions::from_str(url)?.create_if_missing(true).busy_timeout(Duration::from_secs(5));
    if !in_memory {
        options = options.journal_mode(SqliteJournalMode::Wal);
    }
    // Each connection to `:memory:` is a database of its own, so there is one and it stays open.
    let pool =
        SqlitePoolOptions::new().max_connections(if in_memory { 1 } else { 8 }).idle_timeout(None).max_lifetime(None);
    let db = pool.connect_with(options).await?;
    sqlx::migrate!("./migrations").run(&db).await?;
    Ok(db)
}
