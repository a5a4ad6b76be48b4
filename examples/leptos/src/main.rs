//! Notes behind a session, in Leptos: the core of relatch is in the application's own WebAssembly module.

mod notes;
mod session;
mod sign_in;

use leptos::mount::mount_to_body;
use leptos::prelude::*;
use leptos::task::spawn_local;
use relatch::core::Status;

use notes::Notes;
use session::Auth;
use sign_in::SignIn;

fn main() {
    mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    let auth = Auth::open().expect("the contract is right");
    provide_context(auth);
    // Refreshes change the state, but not this.
    let status = Memo::new(move |_| auth.status());
    let user = move || auth.user().map(|user| user.id);
    let page = move || match status.get() {
        Status::Loading => {
            let words = move || auth.problem().unwrap_or_else(|| "Looking for your session…".into());
            view! { <p role="status">{words}</p> }.into_any()
        }
        Status::Unauthenticated => view! { <SignIn /> }.into_any(),
        // A key, so that nothing that one user has typed is there for the next.
        Status::Authenticated => view! {
            <For each=user key=String::clone children=|_| view! { <Home /> } />
        }
        .into_any(),
    };
    view! { <div id="root">{page}</div> }
}

#[component]
fn Home() -> impl IntoView {
    let auth = expect_context::<Auth>();
    let sign_out = move |_| {
        spawn_local(async move {
            // The session is over here in any case; what the server has missed it is told again.
            let _ = auth.client().sign_out().await;
        });
    };
    view! {
        <header>
            <span>{move || auth.user().and_then(|user| user.email)}</span>
            <small role="status">{move || auth.is_refreshing().then_some("renewing")}</small>
            <button type="button" on:click=sign_out>"Sign out"</button>
        </header>
        <Notes />
    }
}
