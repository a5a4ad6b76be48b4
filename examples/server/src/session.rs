//! A live session: a user and the family that signed them in.

use crate::{
    clock,
    db::{Db, Executor},
    error::ApiError,
    refresh_token,
    users::User,
};

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Session {
    #[sqlx(flatten)]
    pub(crate) user: User,
    pub(crate) family_id: String,
    /// The family's end, and so the refresh token's.
    pub(crate) expires_at: i64,
    /// Access tokens of earlier rotations are refused. Moved on, it has every client renew at its
    /// next call, as after a change of rights; here the test controls do.
    pub(crate) access_from: i64,
}

/// The session of a family, unless revoked or past its end at `now`.
pub(crate) async fn of_family<'a>(
    db: impl Executor<'a>,
    family_id: &str,
    now: i64,
) -> Result<Option<Session>, ApiError> {
    let session = sqlx::query_as(
        "SELECT u.id, u.email, u.name, u.picture, f.id AS family_id, f.expires_at, f.access_from
         FROM families f JOIN users u ON u.id = f.user_id
         WHERE f.id = $1 AND f.revoked_at IS NULL AND f.expires_at > $2",
    )
    .bind(family_id)
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(session)
}

/// The session of a refresh token, which stays as it is.
pub(crate) async fn of_refresh_token(db: &Db, token: &str) -> Result<Option<Session>, ApiError> {
    let session = sqlx::query_as(
        "SELECT u.id, u.email, u.name, u.picture, f.id AS family_id, f.expires_at, f.access_from
         FROM refresh_tokens t
         JOIN families f ON f.id = t.family_id
         JOIN users u ON u.id = f.user_id
         WHERE t.hash = $1 AND t.rotated_at IS NULL
             AND f.revoked_at IS NULL AND f.expires_at > $2",
    )
    .bind(refresh_token::hash(token))
    .bind(clock::now())
    .fetch_optional(db)
    .await?;
    Ok(session)
}
