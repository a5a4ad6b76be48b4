//! What every instance on one database has to have alike.
//!
//! Behind one origin a browser meets any of them. An instance with another key refuses the access
//! tokens that the others issued; one with another cookie finds no session in what the browser
//! sends. Both look like sign-outs at random, so such an instance does not start.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    config::Config,
    db::{Db, Kind},
    server::StartError,
};

/// Compares this instance with those before it; the first one decides.
///
/// An embedded database serves one instance, whose key may be another at each start.
pub(crate) async fn check(db: &Db, config: &Config) -> Result<(), StartError> {
    if Kind::of(&config.database) != Some(Kind::Postgres) {
        return Ok(());
    }
    let secret = config.jwt_secret.as_deref().ok_or(StartError::NoKey)?;
    if config.agree_anew {
        sqlx::query("DELETE FROM agreed").execute(db).await?;
    }
    let cookie = format!("{} {}", config.cookie_name, config.cookie_path);
    for (name, own, error) in
        [("key", mark(secret)?, StartError::OtherKey), ("cookie", cookie, StartError::OtherCookie)]
    {
        sqlx::query("INSERT INTO agreed (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(&own)
            .execute(db)
            .await?;
        let agreed: String =
            sqlx::query_scalar("SELECT value FROM agreed WHERE name = $1").bind(name).fetch_one(db).await?;
        if agreed != own {
            return Err(error);
        }
    }
    Ok(())
}

/// Tells keys apart. Like every access token, it is an HMAC of something known, and says as little
/// about the key.
fn mark(secret: &str) -> Result<String, StartError> {
    let mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|error| StartError::Other(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(mac.chain_update(b"which key is this").finalize().into_bytes()))
}
