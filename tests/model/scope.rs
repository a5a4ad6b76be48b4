//! What is explored, and how.

use std::fmt;
use std::time::{Duration, Instant};

use relatch::core::{Event, Millis, Operation, Policy, Rule, Status};
use stateright::{Checker, Model, Property};

use crate::play::{Ending, LIFE};
use crate::world::{Happening, World};

/// How the tabs learn that their token is no longer good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Its time is over.
    Expired,
    /// Only the server's 401 tells.
    Refused,
    /// They have none: all of them are loaded anew.
    Loaded,
}

#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
/// A small world: who does what in it, and what goes wrong.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) name: &'static str,
    pub(crate) tabs: usize,
    /// How many calls each tab makes, at any moment.
    pub(crate) calls: u8,
    /// Whether the last tab makes no calls, and is the only one that signs in.
    pub(crate) has_stranger: bool,
    pub(crate) start: Start,
    /// How often any tab signs out.
    pub(crate) sign_outs: u8,
    /// How often any tab signs in as another user.
    pub(crate) sign_ins: u8,
    pub(crate) crashes: u8,
    /// How often a tab freezes, to thaw at any moment.
    pub(crate) freezes: u8,
    /// How many messages between tabs are lost.
    pub(crate) losses: u8,
    /// How often the server answers a refresh with 429.
    pub(crate) laters: u8,
    /// How often the server ends the session by itself.
    pub(crate) revokes: u8,
    /// Whether a message may take longer than a timer.
    pub(crate) is_slow: bool,
    /// Whether the store and the lock manager are quicker than anything else, which leaves fewer orders to look at.
    pub(crate) is_store_first: bool,
    /// Whether each tab works on its own, without lock and stamp.
    pub(crate) is_alone: bool,
    /// Whether a request outlives its tab, as `keepalive` makes it.
    pub(crate) keeps_alive: bool,
    /// The rule that is not kept.
    pub(crate) without: Option<Rule>,
}

impl Scope {
    /// A world in which nothing goes wrong.
    pub(crate) fn new(tabs: usize, calls: u8) -> Self {
        Self {
            name: "",
            tabs,
            calls,
            has_stranger: false,
            start: Start::Expired,
            sign_outs: 0,
            sign_ins: 0,
            crashes: 0,
            freezes: 0,
            losses: 0,
            laters: 0,
            revokes: 0,
            is_slow: false,
            is_store_first: false,
            is_alone: false,
            keeps_alive: true,
            without: None,
        }
    }

    fn is_stranger(&self, tab: usize) -> bool {
        self.has_stranger && tab + 1 == self.tabs
    }

    fn is_mutated(&self) -> bool {
        self.without.is_some() || !self.keeps_alive
    }

    /// Whether nothing happens that a call could fail of.
    fn is_smooth(&self) -> bool {
        self.sign_outs + self.sign_ins + self.laters + self.revokes == 0
    }

    /// How many refreshes one expiry may cost: one more for each that went away in the middle of its own, or that a
    /// sign-out overtook, or that was told to come later, and for each tab whose question for the token found no answer in time.
    fn most_refreshes(&self) -> u32 {
        let lonely = if self.is_slow || self.losses > 0 { self.tabs } else { 1 };
        u32::from(self.crashes + self.freezes + self.laters + self.sign_outs) + u32::try_from(lonely).unwrap()
    }
}

/// A world, and what is still to happen in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    world: World,
    calls: Vec<u8>,
    sign_outs: u8,
    sign_ins: u8,
    crashes: u8,
    freezes: u8,
    losses: u8,
    laters: u8,
    revokes: u8,
    /// Until when the server has asked to be left alone, and whether it was.
    quiet_until: Millis,
    is_disturbed: bool,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Happens(Happening),
    /// The next timer fires.
    Time,
    Call(usize),
    SignOut(usize),
    SignIn(usize),
    Crash(usize),
    Freeze(usize),
    Thaw(usize),
    /// A message is lost: of which tab, and where in its inbox it lies.
    Lose(usize, usize),
    /// The server asks to come later.
    Later(usize),
    /// The server ends the session.
    Revoke,
}

impl Step {
    /// In words.
    fn tell(self, world: &World) -> String {
        match self {
            Self::Happens(happening) => world.tell_of(happening),
            Self::Time => "time passes".to_owned(),
            Self::Call(tab) => format!("{tab} calls"),
            Self::SignOut(tab) => format!("{tab} signs out"),
            Self::SignIn(tab) => format!("{tab} signs in as another"),
            Self::Crash(tab) => format!("{tab} crashes"),
            Self::Freeze(tab) => format!("{tab} freezes"),
            Self::Thaw(tab) => format!("{tab} thaws"),
            Self::Lose(tab, _) => format!("a message to {tab} is lost"),
            Self::Revoke => "the server ends the session".to_owned(),
            Self::Later(_) => "the server answers 429".to_owned(),
        }
    }
}

/// How long the server asks to be left alone.
const LATER: Millis = Millis(30_000);

impl Model for Scope {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let policy = Policy { shared: !self.is_alone, without: self.without, ..Policy::default() };
        let mut world = World::still(&policy, self.tabs).sign_in();
        for tab in 0..self.tabs {
            // A hidden tab renews nothing by itself, so that the world comes to rest.
            world.on(tab, Event::Visible(false));
        }
        world.settle();
        world.who = "bob".into();
        match self.start {
            Start::Expired => world.sleep(LIFE),
            Start::Refused => world.server.expire_access(),
            Start::Loaded => {
                world.sleep(LIFE);
                world.load_anew();
                (0..self.tabs).for_each(|tab| world.on(tab, Event::Visible(false)));
            }
        }
        vec![State {
            world,
            calls: (0..self.tabs).map(|tab| if self.is_stranger(tab) { 0 } else { self.calls }).collect(),
            sign_outs: self.sign_outs,
            sign_ins: self.sign_ins,
            crashes: self.crashes,
            freezes: self.freezes,
            losses: self.losses,
            laters: self.laters,
            revokes: self.revokes,
            quiet_until: Millis(0),
            is_disturbed: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Step>) {
        let world = &state.world;
        let possible = world.possible();
        let is_of_store = |happening: &&Happening| matches!(happening, Happening::Grant | Happening::Stamp(_));
        if self.is_store_first && possible.iter().any(|happening| is_of_store(&happening)) {
            actions.extend(possible.iter().filter(is_of_store).copied().map(Step::Happens));
            return;
        }
        for (tab, calls) in state.calls.iter().enumerate() {
            let is_awake = world.tabs[tab].is_open && !world.tabs[tab].is_frozen;
            if !is_awake {
                if world.tabs[tab].is_frozen {
                    actions.push(Step::Thaw(tab));
                }
                continue;
            }
            let can = [
                (*calls > 0, Step::Call(tab)),
                (state.sign_outs > 0, Step::SignOut(tab)),
                (state.sign_ins > 0 && self.is_stranger(tab) == self.has_stranger, Step::SignIn(tab)),
                (state.crashes > 0, Step::Crash(tab)),
                (state.freezes > 0, Step::Freeze(tab)),
            ];
            actions.extend(can.into_iter().filter(|(can, _)| *can).map(|(_, step)| step));
        }
        if state.revokes > 0 && world.server.is_alive() {
            actions.push(Step::Revoke);
        }
        for happening in &possible {
            match happening {
                Happening::Hear(tab, place) if state.losses > 0 => actions.push(Step::Lose(*tab, *place)),
                Happening::Serve(at) if state.laters > 0 && world.is_refresh(*at) => actions.push(Step::Later(*at)),
                _ => {}
            }
        }
        let is_prompt = possible.iter().all(|happening| match happening {
            Happening::Hear(..) => self.is_slow,
            Happening::Serve(_) | Happening::Arrive(_) => true,
            Happening::Grant | Happening::Stamp(_) => false,
        });
        if is_prompt && world.next_timer().is_some_and(|at| !world.is_overdue(at)) {
            actions.push(Step::Time);
        }
        actions.extend(possible.into_iter().map(Step::Happens));
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        let world = &mut state.world;
        let refreshes = world.server.refreshes;
        match step {
            Step::Happens(happening) => world.act(happening),
            Step::Time => world.fire_next(),
            Step::Call(tab) => {
                state.calls[tab] -= 1;
                world.call(tab);
            }
            Step::SignOut(tab) => {
                state.sign_outs -= 1;
                world.ask(tab, Operation::SignOut);
            }
            Step::SignIn(tab) => {
                state.sign_ins -= 1;
                world.ask(tab, Operation::SignIn);
            }
            Step::Crash(tab) => {
                state.crashes -= 1;
                world.close(tab);
                if !self.keeps_alive {
                    world.drop_cookies(tab);
                }
            }
            Step::Freeze(tab) => {
                state.freezes -= 1;
                world.freeze(tab);
            }
            Step::Thaw(tab) => world.thaw(tab),
            Step::Lose(tab, place) => {
                state.losses -= 1;
                world.lose_message(tab, place);
            }
            Step::Revoke => {
                state.revokes -= 1;
                world.server.expire_refresh();
            }
            Step::Later(at) => {
                state.laters -= 1;
                world.answer_later(at, LATER);
            }
        }
        let asked = world.server.refreshes > refreshes;
        state.is_disturbed |= asked && world.now < state.quiet_until;
        if let Step::Later(_) = step {
            state.quiet_until = world.now + LATER;
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("what must hold holds", |scope, state| scope.broken(state).is_none())]
    }
}

impl Scope {
    /// The promise that this state breaks.
    pub(crate) fn broken(&self, state: &State) -> Option<&'static str> {
        let world = &state.world;
        if let Some(broken) = world.broken() {
            return Some(broken);
        }
        if world.server.refreshes > self.most_refreshes() {
            return Some("one expiry causes one refresh");
        }
        if state.is_disturbed {
            return Some("nobody asks a server that asked to be left alone");
        }
        let possible = world.possible();
        let is_quiet = possible.iter().all(|next| matches!(next, Happening::Serve(_) | Happening::Arrive(_)));
        let is_asked = self.sign_ins == 0 && world.tabs.iter().any(World::is_signing_out);
        let is_told = self.losses == 0 && world.tabs.iter().all(|tab| tab.is_open && !tab.is_frozen);
        if is_quiet && is_asked && is_told && world.tabs.iter().any(|tab| tab.token().is_some()) {
            return Some("a sign-out reaches every tab before the server has answered");
        }
        if !possible.is_empty() || world.next_timer().is_some() {
            return None;
        }
        let mut actions = Vec::new();
        self.actions(state, &mut actions);
        if actions.is_empty() { self.broken_at_rest(world) } else { None }
    }

    /// What must hold when nothing more can happen.
    fn broken_at_rest(&self, world: &World) -> Option<&'static str> {
        if !world.is_at_rest() {
            return Some("no call and no operation waits for ever, and the lock is free");
        }
        let open = || world.tabs.iter().filter(|tab| tab.is_open);
        let is_told = self.losses == 0 && !world.was_cut_short();
        if is_told && world.has_signed_out() && open().any(|tab| tab.token().is_some()) {
            return Some("after a sign-out no tab has a token");
        }
        if !world.was_cut_short() && world.has_signed_out() && world.jar.is_some() {
            return Some("after a sign-out no cookie is left");
        }
        let is_in = world.server.is_alive() && self.losses == 0 && !world.has_signed_out();
        if is_in && open().any(|tab| tab.status() == Status::Unauthenticated) {
            return Some("no tab says that nobody is signed in while somebody is");
        }
        let user = world.server.user();
        if self.losses == 0 && open().any(|tab| tab.shown.as_ref().is_some_and(|shown| shown != user)) {
            return Some("no tab goes on as a former user");
        }
        let is_lost = |ending: Option<Ending>| ending != Some(Ending::Delivered(200));
        if self.is_smooth() && open().flat_map(|tab| &tab.calls).any(|call| is_lost(call.ending)) {
            return Some("no call is lost");
        }
        None
    }
}

/// What an exploration has seen.
pub(crate) struct Report {
    name: &'static str,
    pub(crate) states: usize,
    deepest: usize,
    took: Duration,
    pub(crate) is_complete: bool,
    /// The promise that was broken, and the steps that lead there, as few as there can be.
    pub(crate) violation: Option<(&'static str, Vec<String>)>,
}

/// Visits all of it, or all up to the first promise that is broken.
pub(crate) fn explore(scope: &Scope) -> Report {
    let began = Instant::now();
    let builder = scope.clone().checker();
    if scope.is_mutated() {
        // Breadth first on one thread, the first violation found has the shortest trace.
        report(scope, began, &builder.threads(1).spawn_bfs().join())
    } else {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        report(scope, began, &builder.threads(threads).symmetry_fn(State::representative).spawn_dfs().join())
    }
}

fn report(scope: &Scope, began: Instant, checker: &impl Checker<Scope>) -> Report {
    let violation = checker.discoveries().into_values().next().map(|path| {
        let broken = scope.broken(path.last_state()).expect("a violation");
        let steps = path.into_vec().into_iter();
        (broken, steps.filter_map(|(state, step)| Some(step?.tell(&state.world))).collect())
    });
    Report {
        name: scope.name,
        states: checker.unique_state_count(),
        deepest: checker.max_depth(),
        took: began.elapsed(),
        is_complete: checker.is_done(),
        violation,
    }
}

impl State {
    /// Tabs have no order.
    fn representative(&self) -> Self {
        let (world, order) = self.world.representative();
        let calls = order.into_iter().map(|tab| self.calls[tab]).collect();
        Self { world, calls, ..*self }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, states, deepest, took, .. } = self;
        write!(f, "{name}: {states} states, {deepest} steps deep, {:.1} s", took.as_secs_f64())?;
        if let Some((broken, steps)) = &self.violation {
            write!(f, "\n  broken: {broken}\n  after: {}", steps.join("; "))?;
        }
        Ok(())
    }
}
