//! Values nobody can guess, from the operating system's generator.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// 256 bits, as base64url: a secret.
pub(crate) fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// 128 bits, as hex: the id of a row.
pub(crate) fn id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
