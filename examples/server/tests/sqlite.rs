//! The suite on `SQLite`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
// The other database has something to wait for.
#![allow(clippy::unused_async)]

mod suite;

use std::{
    env::temp_dir,
    fs,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use clap::Parser;
use relatch_example_server::{Config, Server};

/// A file of its own, which several connections write, and which is removed at the end.
pub(crate) struct Database {
    pub(crate) url: String,
    folder: PathBuf,
}

impl Database {
    pub(crate) async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let folder = temp_dir().join(format!("relatch-{}-{}", process::id(), NUMBER.fetch_add(1, Relaxed)));
        fs::create_dir_all(&folder).unwrap();
        Self { url: format!("sqlite:{}", folder.join("server.sqlite").display()), folder }
    }

    /// All that it holds.
    pub(crate) async fn contents(&self) -> Vec<u8> {
        let files = fs::read_dir(&self.folder).unwrap();
        files.flat_map(|file| fs::read(file.unwrap().path()).unwrap_or_default()).collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Where it is put by default, and how the demo has it.
#[tokio::test]
async fn a_database_in_memory_serves_too_and_needs_no_key() {
    let config = Config::try_parse_from(["server", "--port=0", "--database=sqlite::memory:"]).unwrap();
    assert!(Server::bind(config).await.is_ok());
}
