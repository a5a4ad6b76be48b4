use gloo_net::http::Request;
use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use relatch::web::Client;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::session::{Auth, Session};

#[derive(Clone, Deserialize)]
struct Note {
    id: String,
    text: String,
}

#[derive(Serialize)]
struct NewNote {
    text: String,
}

const NOTES: &str = "/api/notes";

/// Calls the API as who is signed in; a token that has expired is renewed on the way.
async fn call<T: DeserializeOwned>(
    client: &Client<Session>,
    request: Result<Request, gloo_net::Error>,
) -> Result<T, String> {
    let request = request.map_err(|error| error.to_string())?;
    let response = client.fetch(request).await.map_err(|error| error.to_string())?;
    if !response.ok() {
        return Err(format!("{NOTES} answered {}", response.status()));
    }
    response.json().await.map_err(|error| error.to_string())
}

#[component]
pub fn Notes() -> impl IntoView {
    let auth = expect_context::<Auth>();
    let field = NodeRef::<Input>::new();
    let problem = RwSignal::new(None::<String>);
    let notes = LocalResource::new(move || {
        let client = auth.client();
        async move { call::<Vec<Note>>(&client, Request::get(NOTES).build()).await }
    });
    let add = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(field) = field.get() else { return };
        spawn_local(async move {
            let note = NewNote { text: field.value() };
            let added = call::<Note>(&auth.client(), Request::post(NOTES).json(&note)).await;
            if added.is_ok() {
                field.set_value("");
                notes.refetch();
            }
            problem.set(added.err());
        });
    };
    let list = move || match notes.get() {
        None => view! { <p>"Loading…"</p> }.into_any(),
        Some(Err(error)) => view! { <p role="alert">{error}</p> }.into_any(),
        Some(Ok(notes)) => view! {
            <ul>
                <For each=move || notes.clone() key=|note| note.id.clone() let:note>
                    <li>{note.text}</li>
                </For>
            </ul>
        }
        .into_any(),
    };
    view! {
        <main>
            <h1>"Notes"</h1>
            <form on:submit=add>
                <label>"New note " <input node_ref=field name="text" required /></label>
                <button>"Add"</button>
            </form>
            <p role="alert">{move || problem.get()}</p>
            {list}
        </main>
    }
}
