use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use relatch::web::Code;
use serde::Serialize;

use crate::session::Auth;

#[derive(Serialize)]
struct Credentials {
    email: String,
    password: String,
}

#[component]
pub fn SignIn() -> impl IntoView {
    let auth = expect_context::<Auth>();
    let (email, password) = (NodeRef::<Input>::new(), NodeRef::<Input>::new());
    let problem = RwSignal::new(None::<String>);
    let pending = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (Some(email), Some(password)) = (email.get(), password.get()) else { return };
        let credentials = Credentials { email: email.value(), password: password.value() };
        pending.set(true);
        spawn_local(async move {
            let result = auth.client().sign_in(&credentials).await;
            pending.set(false);
            problem.set(result.err().map(|error| match error.code {
                Code::BadCredentials => "Email or password is wrong.".into(),
                _ => error.to_string(),
            }));
        });
    };
    view! {
        <form on:submit=submit>
            <h1>"Sign in"</h1>
            <label>"Email " <input node_ref=email name="email" type="email" autocomplete="username" required /></label>
            <label>
                "Password "
                <input node_ref=password name="password" type="password" autocomplete="current-password" required />
            </label>
            <p role="alert">{move || problem.get()}</p>
            <button disabled=move || pending.get()>"Sign in"</button>
        </form>
    }
}
