//! What every handler can reach.

use std::collections::HashSet;

use crate::{
    access_token::AccessTokens, audit::Audit, config::Config, db::Db, password::Passwords, providers::Providers,
    test_controls::TestControls,
};

pub(crate) struct AppState {
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) access_tokens: AccessTokens,
    pub(crate) passwords: Passwords,
    pub(crate) providers: Providers,
    /// The origins allowed to POST.
    pub(crate) origins: HashSet<String>,
    pub(crate) audit: Audit,
    /// Only with `--test-controls`.
    pub(crate) test: Option<TestControls>,
}
