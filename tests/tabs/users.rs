//! Whose the cookie is may change by a way that no tab knows of: a form of the backend's own, or a redirect.

use relatch::core::{Ask, Effect, EndReason, Event, Millis, Operation, Policy, Problem, Rules, Stamp, Status};

use super::play::Ending;
use super::world::{Happening, World};
use super::{MINUTE, act_but_serve};

/// A backend's own form has signed bob in.
fn bob_signs_in_elsewhere(world: &mut World) {
    let _ = world.server.sign_in("bob");
    world.jar = world.server.cookie;
}

/// Bob's page is loaded.
fn bobs_page(world: &mut World) -> usize {
    bob_signs_in_elsewhere(world);
    let page = world.open();
    world.on(page, Event::Start);
    world.settle();
    assert_eq!(world.tabs[page].shown.as_deref(), Some("bob"));
    page
}

#[test]
fn what_comes_back_by_the_cookie_after_a_session_has_ended_is_another_session() {
    let mut world = World::signed_in(2);
    world.freeze(0);
    world.server.expire_refresh();
    world.sleep(MINUTE);
    world.call(1);
    world.settle();
    assert_eq!(world.tabs[1].status(), Status::Unauthenticated);
    bobs_page(&mut world);
    // The tab of ada, in which none of that has been heard, makes a call.
    world.thaw(0);
    assert_eq!(world.tabs[0].shown.as_deref(), Some("ada"));
    world.call(0);
    world.settle();
    assert_eq!(world.broken(), None);
}

#[test]
fn a_tab_that_knows_of_the_end_of_a_session_hears_of_the_one_that_follows_by_the_cookie() {
    for signs_out in [true, false] {
        let mut world = World::signed_in(2);
        if signs_out {
            world.ask(1, Operation::SignOut);
        } else {
            world.server.expire_refresh();
            world.sleep(MINUTE);
            world.call(1);
        }
        world.settle();
        bobs_page(&mut world);
        world.settle();
        let shown: Vec<_> = world.tabs.iter().map(|tab| tab.shown.as_deref()).collect();
        assert_eq!(shown, [Some("bob"); 3], "signed out: {signs_out}");
    }
}

#[test]
fn a_page_from_the_back_forward_cache_does_not_show_whose_session_has_ended_and_been_followed_by_another() {
    let mut world = World::signed_in(2);
    world.freeze(0);
    world.server.expire_refresh();
    world.ask(1, Operation::Refresh);
    world.settle();
    bobs_page(&mut world);
    world.tabs[0].is_frozen = false;
    world.on(0, Event::Restored);
    act_but_serve(&mut world);
    assert_ne!((world.tabs[0].status(), world.tabs[0].shown.as_deref()), (Status::Authenticated, Some("ada")));
}

#[test]
fn a_page_from_the_back_forward_cache_in_which_somebody_is_signing_in_shows_nobody_yet() {
    let mut world = World::new(1);
    world.server.is_silent = true;
    let mut world = world.sign_in();
    world.who = "bob".into();
    world.ask(0, Operation::SignIn);
    act_but_serve(&mut world);
    world.act(Happening::Serve(0));
    world.act(Happening::Arrive(0));
    world.on(0, Event::Restored);
    act_but_serve(&mut world);
    assert!(world.tabs[0].status() != Status::Authenticated || world.tabs[0].shown.is_some());
    world.settle();
    assert_eq!((world.tabs[0].status(), world.tabs[0].shown.as_deref()), (Status::Authenticated, Some("bob")));
}

/// Ada's tab, in which nothing has been heard, makes a call after bob's page was loaded; the server names users from then on, or
/// never.
fn call_beside_bobs_page(names_users: bool) -> World {
    let mut world = World::new(1);
    world.server.is_silent = true;
    let mut world = world.sign_in();
    world.server.is_silent = !names_users;
    world.freeze(0);
    world.sleep(MINUTE);
    bobs_page(&mut world);
    world.thaw(0);
    world.call(0);
    world.settle();
    world
}

#[test]
fn a_call_is_not_sent_as_somebody_of_whom_only_a_reading_has_told() {
    assert_eq!(call_beside_bobs_page(false).broken(), None);
}

#[test]
fn an_answer_that_names_somebody_else_is_of_somebody_else_though_the_stamp_names_nobody() {
    assert_eq!(call_beside_bobs_page(true).broken(), None);
}

#[test]
fn who_was_never_signed_in_is_not_told_that_a_session_has_expired() {
    let mut world = World::new(3);
    (0..3).for_each(|tab| world.on(tab, Event::Start));
    world.settle();
    let late = world.open();
    world.on(late, Event::Start);
    world.settle();
    let reasons: Vec<_> = world.tabs.iter().map(|tab| tab.session.state().reason).collect();
    assert_eq!(reasons, [Some(EndReason::None); 4]);
}

#[test]
fn who_has_signed_out_is_still_told_so_when_another_page_finds_nobody() {
    let mut world = World::signed_in(2);
    world.ask(0, Operation::SignOut);
    world.settle();
    let late = world.open();
    world.on(late, Event::Start);
    world.settle();
    let reasons: Vec<_> = world.tabs.iter().map(|tab| tab.session.state().reason).collect();
    assert_eq!(reasons, [Some(EndReason::SignedOut), Some(EndReason::SignedOut), Some(EndReason::None)]);
}

/// Lets everything happen but the answer to the reading of the first tab.
fn act_but_read(world: &mut World) {
    for _ in 0..200 {
        let is_reading = |happening: &Happening| world.tell_of(*happening).contains("0's read");
        let Some(next) = world.possible().into_iter().find(|happening| !is_reading(happening)) else { return };
        world.act(next);
    }
}

fn result(world: &World, tab: usize, ask: Ask) -> Option<Result<(), Problem>> {
    world.tabs[tab].settled.iter().find(|(settled, _)| *settled == ask).map(|(_, result)| *result)
}

#[test]
fn a_token_is_waited_for_while_its_user_is_being_read() {
    let mut world = World::new(2);
    world.server.is_silent = true;
    (0..2).for_each(|tab| world.on(tab, Event::Start));
    world.settle();
    world.server.refreshes = 0;
    world.ask(0, Operation::SignIn);
    act_but_read(&mut world);
    world.pass(Millis(50));
    while let Some(next) = world.possible().first().copied() {
        world.act(next);
    }
    assert_eq!((world.tabs[1].status(), world.server.refreshes), (Status::Authenticated, 0));
}

#[test]
fn a_sign_in_whose_reading_is_overtaken_ends_when_the_user_is_there() {
    let mut world = World::with(&Policy { gives: false, ..Policy::default() }, 2);
    world.server.is_silent = true;
    (0..2).for_each(|tab| world.on(tab, Event::Start));
    world.settle();
    let ask = world.ask(0, Operation::SignIn);
    // The other tab hears of it, and refreshes for itself.
    act_but_read(&mut world);
    assert_eq!(result(&world, 0, ask), None);
    while result(&world, 0, ask).is_none() {
        let next = world.possible().into_iter().next();
        if let Some(next) = next {
            world.act(next);
        } else {
            world.pass(Millis(10));
        }
    }
    assert_eq!(result(&world, 0, ask), Some(Ok(())));
    assert_eq!((world.tabs[0].status(), world.tabs[0].shown.as_deref()), (Status::Authenticated, Some("ada")));
}

#[test]
fn the_session_is_read_with_the_token_that_is_held_though_a_newer_one_is_known_of() {
    let mut world = World::signed_in(2);
    world.ask(0, Operation::Refresh);
    world.settle();
    let session = &mut world.tabs[1].session.clone();
    let effects = session.on(world.now, Event::Asked(Ask(99), Operation::ReadSession));
    let is_read =
        |effect: &Effect| matches!(effect, Effect::Perform(ticket) if ticket.operation == Operation::ReadSession);
    assert!(effects.iter().any(is_read), "{effects:?}");
    let ask = world.ask(1, Operation::ReadSession);
    world.settle();
    assert_eq!((result(&world, 1, ask), world.server.bare_reads), (Some(Ok(())), 0));
}

/// A backend whose session is read by what renews it.
fn by_session() -> Policy {
    Policy { rules: Rules { by_cookie: true, by_session: true, ..Rules::default() }, ..Policy::default() }
}

#[test]
fn who_asks_for_the_session_anew_is_not_given_what_another_tab_has_read() {
    let mut world = World::with(&by_session(), 2).sign_in();
    world.ask(0, Operation::ReadSession);
    world.settle();
    let before = world.server.refreshes;
    world.sleep(Millis(40_000));
    let ask = world.ask(1, Operation::ReadSession);
    world.settle();
    assert_eq!((result(&world, 1, ask), world.server.refreshes - before), (Some(Ok(())), 1));
    // Nor what is being read already.
    let asks = [world.ask(1, Operation::ReadSession), world.ask(1, Operation::ReadSession)];
    act_but_serve(&mut world);
    let late = world.ask(1, Operation::ReadSession);
    world.settle();
    assert!(asks.iter().chain([&late]).all(|ask| result(&world, 1, *ask) == Some(Ok(()))));
    assert_eq!(world.server.refreshes - before, 3);
}

#[test]
fn a_page_that_asks_for_the_session_anew_finds_whose_the_cookie_is() {
    let mut world = World::with(&by_session(), 1).sign_in();
    bob_signs_in_elsewhere(&mut world);
    let page = world.open();
    world.ask(page, Operation::ReadSession);
    world.settle();
    assert_eq!(world.tabs[page].shown.as_deref(), Some("bob"));
}

#[test]
fn calls_that_a_page_makes_while_it_finds_out_who_is_signed_in_go_as_them() {
    let mut world = World::signed_in(1);
    world.ask(0, Operation::SignOut);
    world.settle();
    bob_signs_in_elsewhere(&mut world);
    let page = world.open();
    world.on(page, Event::Start);
    world.call(page);
    world.settle();
    assert_eq!(world.tabs[page].calls[0].ending, Some(Ending::Delivered(200)));
}

#[test]
fn tabs_that_give_no_tokens_do_not_take_turns_at_refreshing_where_the_user_has_changed() {
    let mut world = World::with(&Policy { gives: false, ..Policy::default() }, 2);
    world.server.is_silent = true;
    let mut world = world.sign_in();
    bob_signs_in_elsewhere(&mut world);
    world.server.refreshes = 0;
    world.sleep(MINUTE);
    (0..2).for_each(|tab| world.call(tab));
    world.settle();
    (0..2).for_each(|tab| _ = world.ask(tab, Operation::ReadSession));
    world.settle();
    assert!(world.tabs.iter().all(|tab| tab.shown.as_deref() == Some("bob")));
    assert!(world.server.refreshes <= 4, "{} refreshes", world.server.refreshes);
}

#[test]
fn a_refresh_that_is_overtaken_before_anybody_is_known_is_done_again() {
    let mut world = World::signed_in(1);
    let page = world.open();
    let ask = world.ask(page, Operation::Refresh);
    act_but_serve(&mut world);
    // The page was robbed of the lock meanwhile: the stamp is another tab's by now.
    let stamp = world.stamp().unwrap();
    let newer = Stamp { generation: stamp.generation.next(), is_asking: false, ..stamp };
    world.on(page, Event::StampRead(Some(newer)));
    world.act(Happening::Serve(0));
    world.act(Happening::Arrive(0));
    assert_eq!(result(&world, page, ask), None);
    world.settle();
    assert_eq!((result(&world, page, ask), world.tabs[page].status()), (Some(Ok(())), Status::Authenticated));
}

#[test]
fn who_knows_whose_the_session_is_is_not_confused_by_a_tab_that_does_not() {
    let mut world = World::with(&Policy { gives: false, ..Policy::default() }, 2);
    world.server.is_silent = true;
    let mut world = world.sign_in();
    bob_signs_in_elsewhere(&mut world);
    world.ask(0, Operation::Refresh);
    world.settle();
    world.ask(0, Operation::ReadSession);
    world.settle();
    assert_eq!(world.tabs[0].shown.as_deref(), Some("bob"));
    world.server.refreshes = 0;
    // The other still shows ada, and has renewed what is bob's by now.
    world.ask(1, Operation::Refresh);
    act_but_serve(&mut world);
    world.act(Happening::Serve(0));
    world.act(Happening::Arrive(0));
    act_but_serve(&mut world);
    assert_eq!((world.tabs[0].status(), world.tabs[0].shown.as_deref()), (Status::Authenticated, Some("bob")));
    world.settle();
    assert!(world.server.refreshes <= 2, "{} refreshes", world.server.refreshes);
}

#[test]
fn a_sign_in_that_is_overtaken_by_another_one_does_not_end_as_that_one() {
    let mut world = World::new(1);
    world.server.is_silent = true;
    let ask = world.ask(0, Operation::SignIn);
    act_but_serve(&mut world);
    world.act(Happening::Serve(0));
    world.act(Happening::Arrive(0));
    act_but_serve(&mut world);
    // While the user is being read, another tab signs somebody else in.
    let stamp = world.stamp().unwrap();
    let generation = stamp.generation.next();
    world.on(0, Event::StampRead(Some(Stamp { generation, epoch: generation, ..stamp })));
    world.act(Happening::Serve(0));
    world.act(Happening::Arrive(0));
    assert_eq!(result(&world, 0, ask), Some(Err(Problem::SessionChanged)));
}
