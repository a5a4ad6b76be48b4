//! Each rule of the protocol, switched off: the explorer has to notice.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use relatch::core::Rule;

use crate::scope::{self, Scope, Start};

/// What is switched off.
struct Mutation {
    name: &'static str,
    /// What the protocol says.
    rule: &'static str,
    /// The world in which its absence shows.
    scope: Scope,
}

#[allow(clippy::needless_pass_by_value, reason = "made for it")]
fn without(rule: Rule, name: &'static str, says: &'static str, scope: Scope) -> Mutation {
    Mutation { name, rule: says, scope: Scope { name, without: Some(rule), ..scope } }
}

fn mutations() -> Vec<Mutation> {
    let small = || Scope { start: Start::Refused, ..Scope::new(2, 1) };
    let sign_out = || Scope { sign_outs: 1, ..Scope::new(2, 1) };
    let both = || Scope { sign_outs: 1, sign_ins: 1, ..Scope::new(2, 1) };
    let freeze = || Scope { freezes: 1, ..Scope::new(2, 1) };
    let crash = || Scope { crashes: 1, ..Scope::new(2, 1) };
    let unlasting = Scope { keeps_alive: false, name: "keepalive", ..crash() };
    vec![
        without(Rule::Compare, "stamp compare", "who finds a newer stamp under the lock does not refresh", small()),
        without(
            Rule::Fence,
            "fence",
            "an outcome counts only if its stamp could be written",
            Scope { freezes: 1, ..sign_out() },
        ),
        without(
            Rule::Orphan,
            "orphan wait",
            "after a holder that went away, wait before presenting the cookie",
            crash(),
        ),
        without(Rule::Prompt, "prompt sending", "send only if the announcement was written just now", freeze()),
        without(
            Rule::LastWord,
            "last word",
            "free the lock when the stamp says that the request has ended",
            Scope { laters: 1, ..Scope::new(2, 1) },
        ),
        without(
            Rule::LateAnswer,
            "late answer",
            "an answer of an older generation changes nothing",
            Scope { is_alone: true, sign_outs: 1, ..Scope::new(1, 1) },
        ),
        without(
            Rule::Identity,
            "identity",
            "a call made as one user is not sent as another",
            Scope { sign_ins: 1, ..Scope::new(2, 1) },
        ),
        without(Rule::Mark, "sign-out mark", "a sign-out overtakes a refresh that is under way", sign_out()),
        without(Rule::SignOutLock, "sign-out under the lock", "a sign-out's request waits for the lock", sign_out()),
        without(Rule::SignOutOnce, "sign-out once", "a sign-out that has been finished is not sent", both()),
        without(
            Rule::Dead,
            "look at the dead",
            "a session ends only if nobody has renewed it meanwhile",
            Scope { freezes: 1, revokes: 1, sign_ins: 1, is_store_first: true, ..Scope::new(2, 1) },
        ),
        without(
            Rule::Offer,
            "look before taking",
            "another tab's token is taken when the stamp has been read since",
            sign_out(),
        ),
        without(
            Rule::Stale,
            "stale gift",
            "a token older than the newest stamp is not taken",
            Scope { sign_ins: 1, has_stranger: true, is_store_first: true, ..Scope::new(3, 1) },
        ),
        Mutation {
            name: "keepalive",
            rule: "a refresh outlives its tab, so that its cookie arrives",
            scope: unlasting,
        },
    ]
}

/// The table in `docs/exploration.md` says what is found; `RELATCH_WRITE=1` writes it.
#[test]
fn the_explorer_finds_each_rule_that_is_broken() {
    let mut table = String::from("| rule | says | broken without it | shortest trace |\n|---|---|---|---|\n");
    let mut missed = Vec::new();
    for Mutation { name, rule, scope } in mutations() {
        let report = scope::explore(&scope);
        println!("{report}");
        let Some((broken, steps)) = &report.violation else {
            missed.push(name);
            continue;
        };
        writeln!(table, "| {name} | {rule} | {broken} | {} |", steps.join("; ")).unwrap();
    }
    assert_eq!(missed, Vec::<&str>::new(), "switched off, and nothing was noticed");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/exploration.md");
    let text = fs::read_to_string(&page).unwrap();
    let (begin, end) = ("<!-- mutations -->\n", "<!-- /mutations -->");
    let (before, rest) = text.split_once(begin).unwrap();
    let (stands, after) = rest.split_once(end).unwrap();
    if std::env::var_os("RELATCH_WRITE").is_some() {
        fs::write(&page, format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        assert_eq!(stands, table, "docs/exploration.md: `cargo xtask explore --write` brings it up to date");
    }
}
