//! The server put together: state, routes, listeners.

use std::{future::Future, io, net::Ipv6Addr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header::CACHE_CONTROL},
    middleware::{from_fn_with_state, map_response},
    response::Response,
    routing::get,
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::timeout};

use crate::{
    access_token::{AccessTokens, SHORTEST_KEY},
    agreement, api,
    audit::Audit,
    auth,
    config::Config,
    db::{self, Db},
    error::ApiError,
    origin,
    password::Passwords,
    providers::Providers,
    refresh_token, site,
    state::AppState,
    test_controls::{self, TestControls},
    users,
};

/// Nothing a page sends here is long.
const LONGEST_BODY: usize = 64 * 1024;
/// How long requests under way may take once the server is asked to end.
const GRACE: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
    #[error("cannot open the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error(
        "RELATCH_JWT_SECRET is not set. Any number of instances may share PostgreSQL, and they need one key for the \
         access tokens: give each the same 32 bytes or more"
    )]
    NoKey,
    #[error("RELATCH_JWT_SECRET is shorter than {SHORTEST_KEY} bytes")]
    ShortKey,
    #[error(
        "RELATCH_JWT_SECRET is not the key of the other instances on this database. Give this one theirs; to replace \
         it, end all of them and start one with --agree-anew"
    )]
    OtherKey,
    #[error(
        "--cookie-name and --cookie-path are not those of the other instances on this database. Give this one theirs; \
         to replace them, end all of them and start one with --agree-anew"
    )]
    OtherCookie,
    #[error("{0}")]
    Other(String),
}

impl From<ApiError> for StartError {
    fn from(error: ApiError) -> Self {
        Self::Other(format!("{error:?}"))
    }
}

/// A server that has its port and waits to run.
pub struct Server {
    listeners: Vec<TcpListener>,
    port: u16,
    db: Db,
    router: Router,
}

impl Server {
    pub async fn bind(config: Config) -> Result<Self, StartError> {
        config.check().map_err(|problem| StartError::Other(problem.to_owned()))?;
        let listeners = listen(&config.host, config.port).await?;
        let first = listeners.first().ok_or(io::ErrorKind::AddrNotAvailable);
        let port = first.map_err(io::Error::from)?.local_addr()?.port();
        let state = state(config, port).await?;
        let db = state.db.clone();
        let router = router(Arc::new(state));
        Ok(Self { listeners, port, db, router })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until `ended` completes, then lets the requests under way finish.
    pub async fn run(self, ended: impl Future<Output = ()> + Send) -> io::Result<()> {
        let (end, ending) = watch::channel(());
        let mut serving = JoinSet::new();
        for listener in self.listeners {
            let mut ending = ending.clone();
            let router = self.router.clone();
            serving.spawn(async move {
                axum::serve(listener, router)
                    .with_graceful_shutdown(async move {
                        let _ = ending.changed().await;
                    })
                    .await
            });
        }
        ended.await;
        drop(end);
        let _ = timeout(GRACE, serving.join_all()).await;
        let _ = timeout(GRACE, self.db.close()).await;
        Ok(())
    }
}

/// Browsers may take `localhost` for either loopback address, so both get the port.
async fn listen(host: &str, port: u16) -> io::Result<Vec<TcpListener>> {
    if !["127.0.0.1", "localhost"].contains(&host) {
        return Ok(vec![TcpListener::bind((host, port)).await?]);
    }
    loop {
        let v4 = TcpListener::bind(("127.0.0.1", port)).await?;
        let bound = v4.local_addr()?.port();
        match TcpListener::bind((Ipv6Addr::LOCALHOST, bound)).await {
            Ok(v6) => return Ok(vec![v4, v6]),
            // Another program would answer for `localhost`.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                if port != 0 {
                    return Err(error);
                }
            }
            // This machine has no IPv6.
            Err(_) => return Ok(vec![v4]),
        }
    }
}

async fn state(config: Config, port: u16) -> Result<AppState, StartError> {
    let db = db::open(&config.database).await?;
    let access_tokens = AccessTokens::new(config.jwt_secret.as_deref(), config.access_ttl)?;
    agreement::check(&db, &config).await?;
    refresh_token::sweep(&db).await?;
    let passwords = Passwords::new()?;
    for user in &config.demo_user {
        let hash = passwords.hash(user.password.clone()).await?;
        users::create_if_missing(&db, &user.email, &hash).await?;
    }
    let own = ["localhost", "127.0.0.1"].map(|host| format!("http://{host}:{port}"));
    Ok(AppState {
        access_tokens,
        passwords,
        providers: Providers::new(&config.provider),
        origins: own.into_iter().chain(config.origin.clone()).collect(),
        audit: Audit::default(),
        test: config.test_controls.then(TestControls::default),
        db,
        config,
    })
}

fn router(state: Arc<AppState>) -> Router {
    let guarded = auth::routes()
        .merge(api::routes())
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(from_fn_with_state(state.clone(), origin::check))
        .layer(map_response(no_store));
    let mut router = Router::new().route("/healthz", get(async || "ok")).merge(guarded).merge(site::routes(&state));
    if state.test.is_some() {
        router = test_controls::attach(router, &state);
    }
    router.with_state(state)
}

/// Tokens and private data have no place in a cache (RFC 6749 §5.1, RFC 9111 §5.2.2.5).
async fn no_store(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
