//! Social providers: what an access token of theirs says about a user.

use std::{collections::HashMap, error::Error as _, time::Duration};

use reqwest::{Client, StatusCode, redirect};
use serde_json::Value;

use crate::{config::ProviderUrl, error::ApiError};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    Google,
    Kakao,
    Naver,
}

/// A user as a provider describes them, in one shape for all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) id: String,
    pub(crate) email: Option<String>,
    pub(crate) name: String,
    pub(crate) picture: Option<String>,
}

impl Provider {
    pub(crate) const ALL: [Self; 3] = [Self::Google, Self::Kakao, Self::Naver];

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Kakao => "kakao",
            Self::Naver => "naver",
        }
    }

    fn userinfo(self) -> &'static str {
        match self {
            Self::Google => "https://openidconnect.googleapis.com/v1/userinfo",
            Self::Kakao => "https://kapi.kakao.com/v2/user/me",
            Self::Naver => "https://openapi.naver.com/v1/nid/me",
        }
    }

    /// Where in its answer a provider puts the id, the mail address, the name and the picture, as
    /// JSON pointers (RFC 6901).
    fn pointers(self) -> [&'static str; 4] {
        match self {
            Self::Google => ["/sub", "/email", "/name", "/picture"],
            Self::Kakao => [
                "/id",
                "/kakao_account/email",
                "/kakao_account/profile/nickname",
                "/kakao_account/profile/profile_image_url",
            ],
            Self::Naver => ["/response/id", "/response/email", "/response/name", "/response/profile_image"],
        }
    }

    fn profile(self, answer: &Value) -> Option<Profile> {
        let [id, email, name, picture] = self.pointers().map(|pointer| text(answer, pointer));
        Some(Profile {
            id: id?,
            name: name.or_else(|| email.clone()).unwrap_or_else(|| self.name().to_owned()),
            email,
            picture,
        })
    }

    /// Whether a profile sent by the client names another user than the provider did. It may come
    /// in the provider's shape or with a plain `id`, and may leave the id out.
    pub(crate) fn contradicts(self, claimed: &Value, profile: &Profile) -> bool {
        let [id, ..] = self.pointers();
        [id, "/id"]
            .into_iter()
            .filter_map(|pointer| claimed.pointer(pointer))
            .any(|claim| scalar(claim).is_none_or(|claim| claim != profile.id))
    }
}

/// The userinfo endpoints and the client that asks them.
pub(crate) struct Providers {
    /// None on a machine without root certificates, where no provider can be asked.
    client: Option<Client>,
    endpoints: HashMap<Provider, String>,
}

impl Providers {
    pub(crate) fn new(overrides: &[ProviderUrl]) -> Self {
        let client = client().inspect_err(|error| {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            tracing::warn!("no sign-in with providers: {error}: {reason}");
        });
        let defaults = Provider::ALL.map(|provider| (provider, provider.userinfo().to_owned()));
        let mut endpoints = HashMap::from(defaults);
        for ProviderUrl { provider, url } in overrides {
            endpoints.insert(*provider, url.clone());
        }
        Self { client: client.ok(), endpoints }
    }

    /// Asks the provider whose token this is.
    ///
    /// Before production, also ask for whom it was issued (Google's `tokeninfo`, Kakao's
    /// `access_token_info`): a token another site obtained is as valid here as one of ours
    /// (OAuth 2.0 "access token injection", RFC 9700 §4.6).
    pub(crate) async fn profile(&self, provider: Provider, token: &str) -> Result<Profile, ApiError> {
        let client = self.client.as_ref().ok_or(ApiError::ProviderUnavailable)?;
        let url = self.endpoints.get(&provider).map(String::as_str);
        let request = client.get(url.unwrap_or_else(|| provider.userinfo()));
        let answer = request.bearer_auth(token).send().await.map_err(unavailable)?;
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(ApiError::InvalidCredentials);
            }
            _ => return Err(ApiError::ProviderUnavailable),
        }
        let answer: Value = answer.json().await.map_err(unavailable)?;
        provider.profile(&answer).ok_or(ApiError::ProviderUnavailable)
    }
}

fn client() -> reqwest::Result<Client> {
    // Fails only if the process has one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A redirect would carry the user's token to an address nobody configured.
    Client::builder().timeout(Duration::from_secs(5)).redirect(redirect::Policy::none()).build()
}

#[allow(clippy::needless_pass_by_value)]
fn unavailable(error: reqwest::Error) -> ApiError {
    tracing::warn!("provider unavailable: {}", error.without_url());
    ApiError::ProviderUnavailable
}

fn text(answer: &Value, pointer: &str) -> Option<String> {
    answer.pointer(pointer).and_then(scalar).filter(|text| !text.is_empty())
}

/// Kakao's id is a number, the others' a string.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn profile(provider: Provider, answer: &Value) -> Option<(String, Option<String>, String)> {
        let profile = provider.profile(answer)?;
        Some((profile.id, profile.email, profile.name))
    }

    #[test]
    fn three_shapes_become_one() {
        let expected = Some(("7".to_owned(), Some("a@b.c".to_owned()), "Ada".to_owned()));
        let google = json!({"sub": "7", "email": "a@b.c", "name": "Ada"});
        let kakao = json!({"id": 7, "kakao_account": {"email": "a@b.c", "profile": {"nickname": "Ada"}}});
        let naver = json!({"response": {"id": "7", "email": "a@b.c", "name": "Ada"}});
        assert_eq!(profile(Provider::Google, &google), expected);
        assert_eq!(profile(Provider::Kakao, &kakao), expected);
        assert_eq!(profile(Provider::Naver, &naver), expected);
    }

    #[test]
    fn an_answer_without_an_id_is_no_profile() {
        let answer = json!({"email": "a@b.c", "sub": ""});
        assert_eq!(Provider::Google.profile(&answer), None);
    }

    #[test]
    fn a_user_without_a_name_is_called_by_the_mail_address() {
        let answer = json!({"sub": "7", "email": "a@b.c"});
        let called = profile(Provider::Google, &answer).map(|(.., name)| name);
        assert_eq!(called.as_deref(), Some("a@b.c"));
    }
}
