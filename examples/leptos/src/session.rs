//! The application's session: what it looks like, and what Leptos sees of it.

use leptos::logging::error;
use leptos::prelude::*;
use relatch::core::Status;
use relatch::web::{Client, Contract, Error, State, Subscription};
use serde::Deserialize;

/// The session's data, as the backend gives it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Session {
    pub user: User,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct User {
    pub id: String,
    pub email: Option<String>,
}

/// The session, and its state as a signal.
#[derive(Clone, Copy)]
pub struct Auth {
    client: StoredValue<(Client<Session>, Subscription), LocalStorage>,
    state: RwSignal<Option<State<Session>>, LocalStorage>,
}

impl Auth {
    /// Opens it: sign-in, refresh and sign-out are at `/auth`. It ends with its owner.
    pub fn open() -> Result<Self, Error> {
        let client = Client::new(&Contract::cookie_refresh("/auth"))?;
        let state = RwSignal::new_local(None);
        let subscription = client.subscribe(move |now| match now {
            Ok(now) => state.set(Some(now)),
            Err(problem) => error!("the session's data are not as expected: {problem}"),
        });
        Ok(Self { client: StoredValue::new_local((client, subscription)), state })
    }

    /// To call the API with, to sign in and to sign out.
    pub fn client(&self) -> Client<Session> {
        self.client.with_value(|(client, _)| client.clone())
    }

    pub fn status(&self) -> Status {
        self.of(|state| state.status).unwrap_or(Status::Loading)
    }

    pub fn user(&self) -> Option<User> {
        self.of(|state| state.data.clone()).flatten().map(|session| session.user)
    }

    /// What is wrong at the moment, in words.
    pub fn problem(&self) -> Option<String> {
        self.of(|state| state.error.as_ref().map(ToString::to_string)).flatten()
    }

    pub fn is_refreshing(&self) -> bool {
        self.of(|state| state.refreshing).unwrap_or_default()
    }

    fn of<T>(&self, read: impl FnOnce(&State<Session>) -> T) -> Option<T> {
        self.state.with(|state| state.as_ref().map(read))
    }
}
