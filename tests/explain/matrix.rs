//! The fault matrix of `docs/faults.md`, row by row: each is played, and what the recorder says is what stands there.

use relatch::core::{Event, Millis, Operation, Outcome, Policy, Reason, Rules, Signs};

use super::{MINUTE, Play, act_until, explain, reason, reason_in, refresh_answered, tabs};
use crate::play::{Fault, blames_request, later, lost, page, status};
use crate::world::{Happening, World};

const MATRIX: &str = include_str!("../../docs/faults.md");
const HELP: &str = include_str!("../../docs/troubleshooting.md");
/// Said where there is no core to ask; `tests/browser/explain.test.mjs` has it.
const OUTSIDE: &str = "`ModuleUnavailable`";

#[test]
fn every_row_of_the_fault_matrix_is_explained_as_it_says() {
    let rows: Vec<Vec<&str>> = MATRIX
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| fault"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    assert!(rows.len() > 40);
    for row in rows {
        let [fault, _, codes, _] = row[..] else { panic!("four cells: {row:?}") };
        if codes == "on the server" || codes == OUTSIDE {
            continue;
        }
        let said: Vec<_> = reasons(fault).iter().map(|reason| format!("`{}`", reason.name())).collect();
        assert_eq!(said.join(", "), codes, "{fault}");
    }
}

#[test]
fn every_code_is_explained_to_people() {
    for reason in Reason::ALL {
        let row = format!("| `{}` |", reason.name());
        assert!(HELP.lines().any(|line| line.starts_with(&row)), "{row}");
    }
    let rows = HELP.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, Reason::ALL.len(), "and no other");
}

/// What the recorder says while this happens, in order.
fn reasons(fault: &str) -> Vec<Reason> {
    let is = |start: &str| fault.starts_with(start);
    match fault {
        _ if is("network error on refresh") || is("body cut short") => after_refresh([lost()]),
        _ if is("answer lost after the server has rotated") => after_lost_answer(false),
        _ if is("the same, and the server knows") => after_lost_answer(true),
        _ if is("the same on a connection") => after_refresh([status(401)]),
        _ if is("answer lost, but not its cookie") => gateway_fails(),
        _ if is("refresh hangs") => refresh_hangs(),
        _ if is("refresh token dead") => dead(),
        _ if is("400 or 401 `invalid_client`") => {
            after_refresh([blames_request(400), blames_request(401), status(404), status(405), status(415)])
        }
        _ if is("408, 425, 429, 5xx") => {
            after_refresh([status(408), status(425), status(500), status(503), status(429)])
        }
        _ if is("server down while many") => server_down(),
        _ if is("403, 401 or 419 for a CSRF") => csrf_refused(),
        _ if is("429 or 503 with") => after_refresh([later(429, 9), later(503, 3)]),
        _ if is("200 with malformed") => after_refresh([status(200), status(204)]),
        _ if is("200 or 403 with a login page") => after_refresh([page(200), page(403), status(0)]),
        _ if is("sign-in that fails on its way") => sign_in_fails(),
        _ if is("`Set-Cookie` stripped") => no_cookie(),
        _ if is("local clock wrong") || is("forged or foreign") => vec![reason_in(&tabs(1), 0)],
        _ if is("machine sleeps past expiry") => three_wake(),
        _ if is("browser offline") => {
            let play = refresh_answered(lost());
            vec![play.recorder.explain(&play.session, play.now, false).reason]
        }
        _ if is("offline and online again") => flapping(),
        _ if is("tab closed or killed") => orphan(false),
        _ if is("page navigates") => orphan(true),
        _ if is("tab frozen") => frozen(),
        _ if is("lock stolen") => stolen(),
        _ if is("tabs restored together") => restored(),
        _ if is("page from the back/forward cache") => from_cache(),
        _ if is("sign-out during a refresh") => sign_out_during_refresh(),
        _ if is("sign-out that does not reach") => sign_out_lost(),
        _ if is("site data cleared") => sign_out_then_wiped(),
        _ if is("sign-in answered after") => sign_in_fails(),
        _ if is("another user signs in") => another_user(),
        _ if is("401 that a refresh cannot cure") => not_cured(),
        _ if is("401 with `insufficient_scope`") => not_allowed(),
        _ if is("401 after somebody else's") || is("two copies") => somebody_elses_refresh(),
        _ if is("no Web Locks") || is("no IndexedDB") => alone().split_off(1),
        _ if is("sandboxed frame") => alone(),
        _ if is("frame on another site") => stranger(),
        _ if is("service worker") || is("worker without") => renewed(&mut tabs(1)),
        _ if is("two versions") => two_versions(),
        _ if is("refresh answered from a cache") => refused_token_again(),
        _ if is("session data refused") => data_refused(),
        _ if is("no BroadcastChannel") => unheard(),
        _ => panic!("a row without a play: {fault}"),
    }
}

/// What is said after a refresh is answered so, each once.
fn after_refresh<const N: usize>(outcomes: [Outcome; N]) -> Vec<Reason> {
    let mut said = Vec::new();
    for outcome in outcomes {
        let mut world = tabs(1);
        renewed(&mut world);
        world.server.fault = Some((Fault::Before, outcome));
        world.ask(0, Operation::Refresh);
        world.settle();
        let reason = reason_in(&world, 0);
        if said.last() != Some(&reason) {
            said.push(reason);
        }
    }
    said
}

fn data_refused() -> Vec<Reason> {
    let mut play = Play::signed_in().reloaded();
    play.server.is_silent = true;
    play.on(Event::Start);
    while let Some(request) = play.underway.first() {
        match request.ticket.operation {
            Operation::ReadSession => play.answer_with(status(401)),
            _ => play.answer(),
        }
    }
    vec![reason(&play)]
}

fn renewed(world: &mut World) -> Vec<Reason> {
    world.ask(0, Operation::Refresh);
    world.settle();
    vec![reason_in(world, 0)]
}

fn is_served(world: &World) -> bool {
    world.possible().iter().any(|next| matches!(next, Happening::Serve(_)))
}

fn after_lost_answer(knows_keys: bool) -> Vec<Reason> {
    let mut world = tabs(1);
    world.server.knows_keys = knows_keys;
    world.sleep(MINUTE);
    world.ask(0, Operation::Refresh);
    act_until(&mut world, is_served);
    world.lose_answer(0);
    world.settle();
    let lost = reason_in(&world, 0);
    world.pass(Millis(3_000));
    world.settle();
    vec![lost, reason_in(&world, 0)]
}

fn gateway_fails() -> Vec<Reason> {
    let mut world = tabs(1);
    world.sleep(MINUTE);
    world.server.fault = Some((Fault::After, status(502)));
    let mut said = renewed(&mut world);
    world.pass(Millis(3_000));
    world.settle();
    said.push(reason_in(&world, 0));
    said
}

fn refresh_hangs() -> Vec<Reason> {
    let mut world = tabs(1);
    world.sleep(MINUTE);
    world.call(0);
    act_until(&mut world, is_served);
    world.pass(Millis(10_000));
    let silent = reason_in(&world, 0);
    world.settle();
    vec![silent, reason_in(&world, 0)]
}

fn csrf_refused() -> Vec<Reason> {
    let rules = Rules { unproven: Signs::statuses(&[419]), ..Rules::default() };
    let mut world = World::with(&Policy { rules, ..Policy::default() }, 1).watched().sign_in();
    let refusal = Some((Fault::Before, status(419)));
    renewed(&mut world);
    world.server.fault = refusal.clone();
    let once = renewed(&mut world);
    world.server.fault = refusal.clone();
    world.ask(0, Operation::Refresh);
    act_until(&mut world, |world| world.server.fault.is_none());
    world.server.fault = refusal;
    world.settle();
    [once, vec![reason_in(&world, 0)]].concat()
}

fn dead() -> Vec<Reason> {
    let mut world = tabs(2);
    renewed(&mut world);
    world.server.expire_refresh();
    renewed(&mut world);
    vec![reason_in(&world, 0), reason_in(&world, 1)]
}

fn server_down() -> Vec<Reason> {
    let mut play = refresh_answered(status(503));
    for _ in 0..20 {
        play.call();
    }
    assert_eq!(explain(&play).retries, 0, "one try a pause");
    vec![reason(&play)]
}

fn sign_in_fails() -> Vec<Reason> {
    let mut play = Play::new();
    play.call();
    play.answer_all();
    play.ask(Operation::SignIn);
    play.answer_with(lost());
    vec![reason(&play)]
}

fn no_cookie() -> Vec<Reason> {
    let mut world = tabs(1);
    world.jar = None;
    renewed(&mut world)
}

fn three_wake() -> Vec<Reason> {
    let mut world = tabs(3);
    world.sleep(MINUTE);
    let asleep = reason_in(&world, 0);
    for tab in 0..3 {
        world.call(tab);
    }
    world.settle();
    let mut said: Vec<_> = (0..3).map(|tab| reason_in(&world, tab)).collect();
    said.sort_by_key(|reason| reason.name() != "RenewedHere");
    said.dedup();
    [vec![asleep], said].concat()
}

fn flapping() -> Vec<Reason> {
    let mut play = refresh_answered(lost());
    let offline = play.recorder.explain(&play.session, play.now, false).reason;
    for _ in 0..10 {
        play.on(Event::Online);
    }
    assert_eq!(explain(&play).retries, 0, "at most one try a pause");
    play.wait_for_request(Millis(2_000));
    play.answer_all();
    // This stage is of a tab on its own.
    assert_eq!(reason(&play), Reason::RenewedAlone);
    vec![offline, Reason::RenewedHere]
}

/// A tab goes away with its refresh in flight: it is closed and another one is there, or it goes to its next page.
fn orphan(navigates: bool) -> Vec<Reason> {
    let mut world = tabs(1);
    let other = world.open();
    world.on(other, Event::Start);
    world.settle();
    world.on(other, Event::Visible(false));
    world.sleep(MINUTE);
    world.call(0);
    act_until(&mut world, is_served);
    let next = if navigates { 0 } else { other };
    if navigates {
        world.reopen(0);
    } else {
        world.close(0);
    }
    world.call(next);
    act_until(&mut world, |world| reason_in(world, next) == Reason::WaitingForCookie);
    world.settle();
    vec![Reason::WaitingForCookie, reason_in(&world, next)]
}

fn frozen() -> Vec<Reason> {
    let mut world = tabs(2);
    world.sleep(MINUTE);
    world.call(0);
    act_until(&mut world, |world| world.holder.is_some());
    world.freeze(0);
    world.call(1);
    act_until(&mut world, |world| world.possible().is_empty());
    let waiting = reason_in(&world, 1);
    act_until(&mut world, |world| world.tabs[1].calls[0].ending.is_some());
    vec![waiting, reason_in(&world, 1)]
}

fn stolen() -> Vec<Reason> {
    let mut world = tabs(1);
    world.ask(0, Operation::Refresh);
    act_until(&mut world, is_served);
    world.holder = None;
    let robbed = reason_in(&world, 0);
    world.settle();
    vec![robbed, reason_in(&world, 0)]
}

fn restored() -> Vec<Reason> {
    let mut world = tabs(1);
    world.close(0);
    world.sleep(Millis(2 * 3_600_000));
    let opened: Vec<_> = (0..3).map(|_| world.open()).collect();
    for tab in &opened {
        world.on(*tab, Event::Start);
    }
    world.settle();
    let mut said: Vec<_> = opened.iter().map(|tab| reason_in(&world, *tab)).collect();
    said.sort_by_key(|reason| *reason == Reason::RenewedByAnotherTab);
    said.dedup();
    said
}

fn from_cache() -> Vec<Reason> {
    let mut world = tabs(2);
    world.freeze(1);
    world.ask(0, Operation::SignOut);
    world.settle();
    world.tabs[1].is_frozen = false;
    world.on(1, Event::Restored);
    let looking = reason_in(&world, 1);
    world.settle();
    vec![looking, reason_in(&world, 1)]
}

fn sign_out_during_refresh() -> Vec<Reason> {
    let mut world = tabs(2);
    world.ask(1, Operation::Refresh);
    act_until(&mut world, is_served);
    world.ask(0, Operation::SignOut);
    world.settle();
    vec![reason_in(&world, 0), reason_in(&world, 1)]
}

fn sign_out_lost() -> Vec<Reason> {
    let mut play = Play::signed_in();
    play.ask(Operation::SignOut);
    play.answer_with(lost());
    vec![reason(&play)]
}

fn another_user() -> Vec<Reason> {
    let mut world = tabs(2);
    world.who = "bob".into();
    world.ask(0, Operation::SignIn);
    world.settle();
    vec![reason_in(&world, 1)]
}

fn not_cured() -> Vec<Reason> {
    let mut play = Play::signed_in();
    play.server.expire_access();
    play.call();
    let request = play.underway.remove(0);
    let renewed = play.serve(&request);
    play.server.expire_access();
    play.deliver(request.ticket, renewed);
    vec![reason(&play)]
}

fn not_allowed() -> Vec<Reason> {
    let mut play = Play::signed_in();
    play.recorder.refused(play.now, 1, 401, false);
    vec![reason(&play)]
}

fn somebody_elses_refresh() -> Vec<Reason> {
    let mut world = tabs(2);
    world.server.expire_access();
    world.call(0);
    world.settle();
    world.call(1);
    world.settle();
    vec![reason_in(&world, 1)]
}

fn alone() -> Vec<Reason> {
    let mut play = Play::signed_in();
    let first = reason(&play);
    play.ask(Operation::Refresh);
    play.answer_all();
    vec![first, reason(&play)]
}

fn stranger() -> Vec<Reason> {
    let mut play = Play::new();
    play.call();
    play.answer_all();
    vec![reason(&play)]
}

/// They share the lock and nothing else.
fn two_versions() -> Vec<Reason> {
    let mut world = World::with(&Policy { gives: false, ..Policy::default() }, 1).watched().sign_in();
    renewed(&mut world)
}

fn refused_token_again() -> Vec<Reason> {
    let mut play = Play::signed_in();
    let refused = play.session.bearer(play.generation()).unwrap().expose().to_owned();
    play.server.expire_access();
    play.call();
    play.answer_with(super::with_token(&refused));
    vec![reason(&play)]
}

/// Nothing that a tab says is heard.
fn unheard() -> Vec<Reason> {
    let mut world = tabs(2);
    world.on(1, Event::Visible(false));
    world.sleep(Millis(30_000));
    world.ask(0, Operation::Refresh);
    act_unheard(&mut world, |world| !world.tabs[0].is_waiting());
    // This tab's token has ended, and the other's has not.
    world.sleep(Millis(40_000));
    world.call(1);
    act_unheard(&mut world, |world| world.tabs[1].calls[0].ending.is_some());
    vec![reason_in(&world, 1)]
}

fn act_unheard(world: &mut World, is_so: impl Fn(&World) -> bool) {
    while !is_so(world) {
        match world.possible().first() {
            Some(Happening::Hear(tab, place)) => world.lose_message(*tab, *place),
            Some(next) => world.act(*next),
            None => world.pass(Millis(10)),
        }
    }
}

/// A tab that is busy while another one signs out, and the storage is cleared.
fn sign_out_then_wiped() -> Vec<Reason> {
    let mut world = tabs(2);
    world.tabs[1].is_frozen = true;
    world.ask(0, Operation::SignOut);
    world.settle();
    world.record = None;
    world.thaw(1);
    world.settle();
    vec![reason_in(&world, 1)]
}
