//! The policies of peers, each a small machine of its own.
//!
//! Their tabs are in step here, as if they shared the token and one lock: what is compared is when they refresh, and what they
//! do when it fails. `docs/fleet.md` says where each is written down.

use relatch::core::Millis;

use crate::client::{Called, Client, Sent, World};
use crate::scenario::{MINUTE, SECOND};
use crate::server::Reply;

/// Ahead of the end, as relatch and oidc-client-ts renew: a minute.
const LEAD: u32 = MINUTE;
/// auth-js: how often it looks, and how many looks ahead of the end it renews.
const TICK: u32 = 30 * SECOND;
const TICKS: u32 = 3;
/// auth-js: how long a failure is remembered.
const COOLDOWN: u32 = 60 * SECOND;

/// When a peer refreshes.
pub trait Rhythm {
    /// Whether a call that finds no good token refreshes.
    const ON_CALL: bool = true;
    /// How long before its end a token is refreshed by a call.
    const MARGIN: u32 = 0;
    /// Whether it looks at the clock at all, or waits for a 401.
    const KNOWS_EXPIRY: bool = true;
    /// Whether its timer goes on while the page is hidden.
    const IN_BACKGROUND: bool = false;

    /// A page was loaded, or is looked at again.
    fn shown(peer: &mut State, now: u32, load: bool);
    /// Its timer has fired: whether it refreshes.
    fn fired(peer: &mut State, now: u32) -> bool;
    /// A refresh has brought a token.
    fn renewed(peer: &mut State, now: u32);
    /// A refresh has failed.
    fn failed(peer: &mut State, now: u32, status: u16);
}

/// What a peer remembers.
#[derive(Clone, Debug, Default)]
pub struct State {
    life: u32,
    /// When the token was asked for and made, and when it ends; zero if there is none.
    asked: u32,
    issued: u32,
    end: u32,
    /// When its timer fires.
    timer: Option<u32>,
    /// Until when nobody tries.
    hold: u32,
    failures: u32,
    /// When the first of a row of tries was made.
    began: u32,
    is_out: bool,
}

/// One browser profile of a peer's.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct Peer<R> {
    state: State,
    jar: u32,
    is_asking: bool,
    is_waiting: bool,
    is_shown: bool,
    is_asleep: bool,
    rhythm: std::marker::PhantomData<R>,
}

impl<R: Rhythm> Peer<R> {
    fn refresh(&mut self, world: &mut World<'_>) {
        if !self.is_asking && !self.state.is_out {
            self.is_asking = true;
            self.state.asked = world.now;
            world.sent.push(Sent { tab: 0, ticket: 0, cookie: self.jar });
        }
    }

    fn fire(&mut self, world: &mut World<'_>) {
        if self.state.timer.is_some_and(|at| at <= world.now) {
            self.state.timer = None;
            if R::fired(&mut self.state, world.now) {
                self.refresh(world);
            }
        }
    }

    fn is_good(&self, world: &World<'_>) -> bool {
        self.state.end > 0 && !self.state.is_out && world.server.accepts(self.state.issued, world.now)
    }

    /// From when on a call refreshes by the clock.
    const fn call_renews_from(&self) -> u32 {
        if R::KNOWS_EXPIRY { self.state.end.saturating_sub(R::MARGIN) } else { u32::MAX }
    }
}

impl<R: Rhythm> Client for Peer<R> {
    fn new(_: u32, _: u64, _: u8, Millis(life): Millis) -> Self {
        let life = u32::try_from(life).unwrap_or(u32::MAX);
        Self {
            state: State { life, ..State::default() },
            jar: 1,
            is_asking: false,
            is_waiting: false,
            is_shown: false,
            is_asleep: false,
            rhythm: std::marker::PhantomData,
        }
    }

    fn show(&mut self, world: &mut World<'_>, _: u8, load: bool) {
        (self.is_shown, self.is_asleep) = (true, false);
        R::shown(&mut self.state, world.now, load);
        self.fire(world);
    }

    fn hide(&mut self, _: &mut World<'_>) {
        (self.is_shown, self.is_waiting) = (false, false);
    }

    fn sleep(&mut self, world: &mut World<'_>) {
        self.hide(world);
        self.is_asleep = true;
    }

    fn wake(&mut self, world: &mut World<'_>) {
        self.is_asleep = false;
        if R::IN_BACKGROUND {
            self.fire(world);
        }
    }

    fn call(&mut self, world: &mut World<'_>) -> Called {
        let is_good = self.is_good(world);
        let is_late = world.now >= self.call_renews_from();
        if R::ON_CALL && (!is_good || is_late) && world.now >= self.state.hold {
            self.refresh(world);
        }
        if is_good { Called::Through } else { Called::Wanting }
    }

    fn tick(&mut self, world: &mut World<'_>) {
        self.fire(world);
    }

    fn answer(&mut self, world: &mut World<'_>, _: Sent, reply: Reply) {
        self.is_asking = false;
        match reply {
            Reply::Granted { issued, cookie } => {
                self.jar = cookie;
                let State { life, asked, .. } = self.state;
                self.state = State { issued, end: asked + life, failures: 0, hold: 0, ..self.state.clone() };
                R::renewed(&mut self.state, world.now);
            }
            Reply::Dead => self.state.is_out = true,
            Reply::Later { status, .. } => R::failed(&mut self.state, world.now, status),
        }
    }

    fn deadline(&self, _: u32) -> Option<u32> {
        let runs = if R::IN_BACKGROUND { !self.is_asleep } else { self.is_shown };
        self.state.timer.filter(|_| runs && !self.is_asking)
    }

    fn quiet_until(&self, world: &World<'_>) -> Option<u32> {
        let renews = self.call_renews_from();
        let until = world.server.refuses_from(self.state.issued).min(renews.max(world.now));
        (self.is_shown && self.is_good(world)).then_some(until)
    }

    fn is_out(&self) -> bool {
        self.state.is_out
    }
}

/// relatch's own times without chance: renewed a minute ahead, and windows that double up to a minute are waited out whole.
#[derive(Debug)]
pub struct NoJitter;

impl Rhythm for NoJitter {
    fn shown(peer: &mut State, now: u32, _: bool) {
        let due = peer.end.saturating_sub(LEAD.min(peer.life / 10));
        peer.timer = Some(due.max(peer.hold).max(now));
    }

    fn fired(_: &mut State, _: u32) -> bool {
        true
    }

    fn renewed(peer: &mut State, _: u32) {
        peer.timer = Some(peer.end - LEAD.min(peer.life / 10));
    }

    fn failed(peer: &mut State, now: u32, _: u16) {
        peer.hold = now + (SECOND << peer.failures.min(16)).min(MINUTE);
        peer.failures += 1;
        peer.timer = Some(peer.hold);
    }
}

/// `setInterval` around the refresh, a minute shorter than the token's life; the page begins with one.
#[derive(Debug)]
pub struct FixedInterval;

impl Rhythm for FixedInterval {
    const ON_CALL: bool = false;
    const IN_BACKGROUND: bool = true;

    fn shown(peer: &mut State, now: u32, load: bool) {
        if load {
            peer.timer = Some(now);
        }
    }

    fn fired(peer: &mut State, now: u32) -> bool {
        peer.began = now;
        true
    }

    fn renewed(peer: &mut State, _: u32) {
        peer.timer = Some(peer.began + (peer.life - MINUTE.min(peer.life / 2)));
    }

    fn failed(peer: &mut State, now: u32, _: u16) {
        Self::renewed(peer, now);
    }
}

/// supabase's auth-js: a look every 30 s while the page is visible, and at each call; 8 tries within 30 s, then a minute's rest.
#[derive(Debug)]
pub struct ThirtySecondTick;

impl ThirtySecondTick {
    /// What it waits before its next try in a row.
    const fn back_off(failures: u32) -> u32 {
        200 << failures
    }
}

impl Rhythm for ThirtySecondTick {
    const MARGIN: u32 = TICKS * TICK;

    fn shown(peer: &mut State, now: u32, _: bool) {
        // The ticker begins anew; a row of tries that is under way goes on.
        if peer.failures == 0 {
            peer.timer = Some(now);
        }
    }

    fn fired(peer: &mut State, now: u32) -> bool {
        if peer.failures > 0 {
            return true;
        }
        peer.timer = Some(now + TICK);
        let is_due = peer.end.saturating_sub(now) / TICK <= TICKS;
        peer.began = now;
        is_due && now >= peer.hold
    }

    fn renewed(peer: &mut State, now: u32) {
        peer.timer = Some(now + TICK);
    }

    fn failed(peer: &mut State, now: u32, status: u16) {
        if peer.failures == 0 {
            peer.began = now;
        }
        let wait = Self::back_off(peer.failures);
        let retries = status >= 500 && now + wait - peer.began < TICK;
        if retries {
            peer.failures += 1;
            peer.timer = Some(now + wait);
            // A call that comes meanwhile waits for this row.
            peer.hold = now + wait;
        } else {
            // An answer that is no 5xx is taken for a no where the token has ended.
            peer.is_out |= status < 500 && now >= peer.end;
            peer.failures = 0;
            peer.hold = now + COOLDOWN;
            peer.timer = Some(now + TICK);
        }
    }
}

/// axios-auth-refresh and the interceptors of tutorials: a 401 refreshes, a failure fails the calls that wait, and the next
/// 401 refreshes again.
#[derive(Debug)]
pub struct On401;

impl Rhythm for On401 {
    const KNOWS_EXPIRY: bool = false;

    fn shown(_: &mut State, _: u32, _: bool) {}

    fn fired(_: &mut State, _: u32) -> bool {
        false
    }

    fn renewed(_: &mut State, _: u32) {}

    fn failed(_: &mut State, _: u32, _: u16) {}
}
