//! Refresh tokens: rotation, reuse, family.
//!
//! A sign-in starts a family. Each refresh trades the token for the next one of the family, so a
//! copied token is used twice sooner or later — by the thief and by the owner, in either order.
//! The server cannot tell which is which and ends the whole family (RFC 9700 §4.14.2).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{
    clock,
    db::{Connection, Db, Executor},
    error::ApiError,
    random,
    session::{self, Session},
};

/// A token just made. Its text exists here and in the cookie; the database has the hash.
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) session: Session,
    /// How many rotations led here.
    pub(crate) number: i64,
}

/// What became of a token presented for rotation.
pub(crate) enum Rotation {
    Rotated(Issued),
    /// It had been rotated before. `revoked` is false if its family had ended already.
    Reuse {
        family_id: String,
        revoked: bool,
    },
    /// Unknown, expired or of a family that ended.
    Refused,
}

/// Starts a family that ends `ttl` seconds from now, however often it rotates: without an end a
/// stolen token could be kept alive for ever (RFC 9700 §4.14.2).
pub(crate) async fn start(db: &Db, user_id: &str, ttl: i64) -> Result<Issued, ApiError> {
    let now = clock::now();
    let family_id = random::id()?;
    let mut tx = db.begin().await?;
    sqlx::query("INSERT INTO families (id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)")
        .bind(&family_id)
        .bind(user_id)
        .bind(now)
        .bind(now + ttl)
        .execute(&mut *tx)
        .await?;
    let issued = insert(&mut tx, &family_id, 0, now).await?;
    tx.commit().await?;
    Ok(issued)
}

/// Trades a token for the next one of its family.
///
/// The one conditional `UPDATE` decides: of two requests with the same token, the database lets
/// exactly one find `rotated_at` empty, on whichever instance they arrive. Reading first and
/// writing later would let both through.
///
/// There is no grace window in which the old token still works: a client that refreshes from
/// several tabs has to agree on one of them, which is what `relatch` does. A client whose answer
/// was lost on its way presents the token again with the same `key`, which a thief does not know.
pub(crate) async fn rotate(db: &Db, presented: &str, key: Option<&str>) -> Result<Rotation, ApiError> {
    let now = clock::now();
    let (hash, key) = (hash(presented), key.map(hash));
    let mut tx = db.begin().await?;
    lock_family(&mut tx, &hash, now).await?;
    let won: Option<(String, i64)> = sqlx::query_as(
        "UPDATE refresh_tokens SET rotated_at = $1, key_hash = $3
         WHERE hash = $2 AND rotated_at IS NULL AND family_id IN
             (SELECT id FROM families WHERE revoked_at IS NULL AND expires_at > $1)
         RETURNING family_id, number",
    )
    .bind(now)
    .bind(&hash)
    .bind(&key)
    .fetch_optional(&mut *tx)
    .await?;
    let won = match (won, &key) {
        (None, Some(key)) => repeat(&mut tx, &hash, key, now).await?,
        (won, _) => won,
    };
    let rotation = match won {
        Some((family_id, number)) => Rotation::Rotated(insert(&mut tx, &family_id, number + 1, now).await?),
        None => lost(&mut tx, &hash, now).await?,
    };
    tx.commit().await?;
    Ok(rotation)
}

/// Has whatever else concerns the token's family wait until this transaction ends: a row that it
/// has written is its own until then, and what a family's other rotations, repetitions and its end
/// have in common is that they write this one. The statements that follow see what those before
/// them have committed (READ COMMITTED; `SQLite` has one writer at a time anyway).
async fn lock_family(tx: &mut Connection, hash: &str, now: i64) -> Result<(), ApiError> {
    sqlx::query(
        "UPDATE families SET presented_at = $1
         WHERE id = (SELECT family_id FROM refresh_tokens WHERE hash = $2)",
    )
    .bind(now)
    .bind(hash)
    .execute(tx)
    .await?;
    Ok(())
}

/// How long an answer may be lost, in seconds.
const REPEATABLE: i64 = 60;

/// Repeats a rotation whose answer was lost: the token that nobody got is traded in for another.
/// Only if nothing but repetitions of that one request has happened since.
async fn repeat(tx: &mut Connection, hash: &str, key: &str, now: i64) -> Result<Option<(String, i64)>, ApiError> {
    let unseen = sqlx::query_as(
        "UPDATE refresh_tokens SET rotated_at = $1, key_hash = $3
         WHERE rotated_at IS NULL AND hash IN
             (SELECT newest.hash FROM refresh_tokens newest
              JOIN refresh_tokens first ON first.family_id = newest.family_id AND first.number < newest.number
              JOIN families f ON f.id = first.family_id AND f.revoked_at IS NULL AND f.expires_at > $1
              WHERE first.hash = $2 AND first.rotated_at >= $1 - $4 AND NOT EXISTS
                  (SELECT 1 FROM refresh_tokens other WHERE other.family_id = first.family_id
                   AND other.number >= first.number AND other.number < newest.number
                   AND (other.key_hash IS NULL OR other.key_hash <> $3)))
         RETURNING family_id, number",
    )
    .bind(now)
    .bind(hash)
    .bind(key)
    .bind(REPEATABLE)
    .fetch_optional(&mut *tx)
    .await?;
    Ok(unseen)
}

/// Why a token did not rotate, and the consequence.
async fn lost(tx: &mut Connection, hash: &str, now: i64) -> Result<Rotation, ApiError> {
    let reused: Option<String> = sqlx::query_scalar(
        "SELECT t.family_id FROM refresh_tokens t JOIN families f ON f.id = t.family_id
         WHERE t.hash = $1 AND t.rotated_at IS NOT NULL AND f.expires_at > $2",
    )
    .bind(hash)
    .bind(now)
    .fetch_optional(&mut *tx)
    .await?;
    match reused {
        Some(family_id) => {
            let revoked = revoke(tx, &family_id).await?;
            Ok(Rotation::Reuse { family_id, revoked })
        }
        None => Ok(Rotation::Refused),
    }
}

/// Ends a family: its refresh tokens and, because each API call asks, its access tokens too.
/// False if it had ended already.
pub(crate) async fn revoke<'a>(db: impl Executor<'a>, family_id: &str) -> Result<bool, ApiError> {
    let done = sqlx::query("UPDATE families SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL")
        .bind(clock::now())
        .bind(family_id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The family a token belongs or belonged to.
pub(crate) async fn family_of(db: &Db, token: &str) -> Result<Option<String>, ApiError> {
    let family_id = sqlx::query_scalar("SELECT family_id FROM refresh_tokens WHERE hash = $1")
        .bind(hash(token))
        .fetch_optional(db)
        .await?;
    Ok(family_id)
}

/// Forgets families past their end; until then rotated tokens stay, to recognise reuse.
pub(crate) async fn sweep(db: &Db) -> Result<(), ApiError> {
    sqlx::query("DELETE FROM families WHERE expires_at <= $1").bind(clock::now()).execute(db).await?;
    Ok(())
}

/// A token is 256 random bits, so an unsalted fast hash hides it well enough; a leaked database
/// then contains nothing that could be presented.
pub(crate) fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token))
}

/// Reads the session in the same transaction: the answer is complete even if another request
/// revokes the family the moment after.
async fn insert(tx: &mut Connection, family_id: &str, number: i64, now: i64) -> Result<Issued, ApiError> {
    let token = random::secret()?;
    sqlx::query("INSERT INTO refresh_tokens (hash, family_id, number, created_at) VALUES ($1, $2, $3, $4)")
        .bind(hash(&token))
        .bind(family_id)
        .bind(number)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    let session = session::of_family(tx, family_id, now).await?;
    Ok(Issued { token, session: session.ok_or(ApiError::NoSession)?, number })
}
