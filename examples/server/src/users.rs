//! Who signs in.

use serde::Serialize;

use crate::{
    clock,
    db::Db,
    error::ApiError,
    providers::{Profile, Provider},
    random,
};

/// The `provider` of a user who signs in with a mail address and a password.
const PASSWORD: &str = "password";

/// The user as the page sees it.
#[derive(Debug, Serialize, sqlx::FromRow)]
pub(crate) struct User {
    pub(crate) id: String,
    /// A social provider may keep it to itself.
    pub(crate) email: Option<String>,
    pub(crate) name: String,
    pub(crate) picture: Option<String>,
}

#[derive(sqlx::FromRow)]
pub(crate) struct Account {
    #[sqlx(flatten)]
    pub(crate) user: User,
    pub(crate) password_hash: String,
}

pub(crate) async fn by_email(db: &Db, email: &str) -> Result<Option<Account>, ApiError> {
    let account = sqlx::query_as(
        "SELECT id, email, name, picture, password_hash FROM users
         WHERE provider = $1 AND subject = $2 AND password_hash IS NOT NULL",
    )
    .bind(PASSWORD)
    .bind(normalised(email))
    .fetch_optional(db)
    .await?;
    Ok(account)
}

/// Leaves an existing user, and their password, alone.
pub(crate) async fn create_if_missing(db: &Db, email: &str, password_hash: &str) -> Result<(), ApiError> {
    let email = normalised(email);
    let name = email.split('@').next().unwrap_or_default();
    sqlx::query(
        "INSERT INTO users (id, provider, subject, password_hash, email, name, created_at)
         VALUES ($1, $2, $3, $4, $3, $5, $6)
         ON CONFLICT (provider, subject) DO NOTHING",
    )
    .bind(random::id()?)
    .bind(PASSWORD)
    .bind(&email)
    .bind(password_hash)
    .bind(name)
    .bind(clock::now())
    .execute(db)
    .await?;
    Ok(())
}

/// The user this provider knows by this id, created or brought up to date.
///
/// Never looked up by mail address: a provider that does not verify addresses would let anyone
/// into the account of whoever uses that address here.
pub(crate) async fn upsert_social(db: &Db, provider: Provider, profile: &Profile) -> Result<User, ApiError> {
    let user = sqlx::query_as(
        "INSERT INTO users (id, provider, subject, email, name, picture, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (provider, subject) DO UPDATE
         SET email = excluded.email, name = excluded.name, picture = excluded.picture
         RETURNING id, email, name, picture",
    )
    .bind(random::id()?)
    .bind(provider.name())
    .bind(&profile.id)
    .bind(&profile.email)
    .bind(&profile.name)
    .bind(&profile.picture)
    .bind(clock::now())
    .fetch_one(db)
    .await?;
    Ok(user)
}

/// Addresses differ by case in theory only; people type them in any.
fn normalised(email: &str) -> String {
    email.trim().to_lowercase()
}
