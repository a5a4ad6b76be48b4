//! Writes down what happens in a world, as rows of a drawing. Decides nothing: it lets one thing after the other happen, and
//! looks at the world before and after.

use std::collections::{BTreeMap, BTreeSet};

use relatch::core::{Message, Millis, Operation, Stamp, Standing, Status};

use crate::play::{Ending, LIFE};
use crate::world::{Happening, Seen, World};

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    Tab(usize),
    Stamp,
    Server,
}

/// How an arrow looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Between a tab and the server or the stamp.
    Plain,
    /// A message between tabs.
    Message,
    /// The one message that holds a token.
    Token,
    /// It comes to nothing.
    Refused,
}

/// What a row draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Arrow {
        from: Lane,
        to: Lane,
        manner: Manner,
    },
    /// An arrow that ends on the way.
    Lost {
        from: Lane,
        to: Lane,
    },
    Dot(Lane),
}

/// How a session stands in a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// It has a token that is good.
    Good,
    /// It is signed in, and has no good token.
    Without,
    /// Nobody is signed in, as far as it knows.
    Out,
}

/// One row, from top to bottom.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it says before and after those it is about: `{who} gets the lock`.
    pub says: String,
    pub who: BTreeSet<usize>,
    pub marks: Vec<Mark>,
    /// After it.
    pub tabs: Vec<Session>,
    pub frozen: Vec<bool>,
    pub holders: BTreeSet<usize>,
    /// Time that has passed since the row before.
    pub passed: Millis,
}

impl Row {
    fn says_the_same_as(&self, other: &Self) -> bool {
        self.says == other.says && self.says.contains("{who}") && other.passed == Millis(0)
    }

    /// What is said of one tab is said of others too, later but in one row.
    fn add(&mut self, other: &Self) {
        for (tab, session) in other.tabs.iter().enumerate() {
            if !self.who.contains(&tab) {
                self.tabs[tab] = *session;
            }
        }
        self.who.extend(&other.who);
        self.holders.extend(&other.holders);
        self.marks.extend_from_slice(&other.marks);
    }

    /// The sentence.
    pub fn sentence(&self) -> String {
        self.says.replace("{who}", &name_all(&self.who))
    }
}

/// `tab 1`, `tabs 2 and 3`, `tabs 2 to 10`.
fn name_all(tabs: &BTreeSet<usize>) -> String {
    let names: Vec<_> = tabs.iter().map(|tab| tab + 1).collect();
    match names[..] {
        [] => String::new(),
        [one] => format!("tab {one}"),
        [one, other] => format!("tabs {one} and {other}"),
        [first, .., last] if last - first + 1 == names.len() => format!("tabs {first} to {last}"),
        _ => {
            let words: Vec<_> = names.iter().map(ToString::to_string).collect();
            format!("tabs {}", words.join(", "))
        }
    }
}

/// A world that is watched.
pub struct Trace {
    pub world: World,
    pub rows: Vec<Row>,
    last: Millis,
    issued: BTreeMap<String, Millis>,
    /// Calls that were made and whose end has not been told.
    open: Vec<usize>,
}

impl Trace {
    pub fn new(world: World) -> Self {
        let mut trace =
            Self { last: world.now, open: vec![0; world.tabs.len()], world, rows: Vec::new(), issued: BTreeMap::new() };
        trace.note_tokens();
        trace
    }

    /// When each token was first seen.
    fn note_tokens(&mut self) {
        for token in self.world.tabs.iter().filter_map(crate::world::Tab::token) {
            self.issued.entry(token).or_insert(self.world.now);
        }
    }

    fn session_of(&self, tab: usize) -> Session {
        let tab = &self.world.tabs[tab];
        let is_good = |token: &String| {
            self.world.server.accepts(token)
                && self.issued.get(token).is_some_and(|at| self.world.now.since(*at) < LIFE)
        };
        match tab.token() {
            _ if tab.status() == Status::Unauthenticated => Session::Out,
            Some(token) if is_good(&token) => Session::Good,
            _ => Session::Without,
        }
    }

    /// Writes a row, or adds to the last one, if that says the same of others.
    pub fn row(&mut self, says: &str, who: &[usize], marks: &[Mark]) {
        self.note_tokens();
        let row = Row {
            says: says.to_owned(),
            who: who.iter().copied().collect(),
            marks: marks.to_vec(),
            tabs: (0..self.world.tabs.len()).map(|tab| self.session_of(tab)).collect(),
            frozen: self.world.tabs.iter().map(|tab| tab.is_frozen).collect(),
            holders: self.world.holder.map(|(tab, _)| tab).into_iter().collect(),
            passed: self.world.now.since(self.last),
        };
        self.last = self.world.now;
        match self.rows.last_mut() {
            Some(last) if last.says_the_same_as(&row) && last.holders == row.holders => last.add(&row),
            _ => self.rows.push(row),
        }
    }

    pub fn call(&mut self, tab: usize, count: usize) {
        for _ in 0..count {
            self.world.call(tab);
        }
        self.open[tab] += count;
        let says = if count == 1 { "{who}: a call".to_owned() } else { format!("{{who}}: {count} calls each") };
        self.row(&says, &[tab], &[Mark::Dot(Lane::Tab(tab))]);
    }

    pub fn sleep(&mut self, span: Millis, says: &str) {
        self.world.sleep(span);
        self.row(says, &[], &[]);
    }

    pub fn ask(&mut self, tab: usize, operation: Operation, says: &str) {
        self.world.ask(tab, operation);
        self.row(says, &[tab], &[Mark::Dot(Lane::Tab(tab))]);
    }

    pub fn freeze(&mut self, tab: usize) {
        self.world.freeze(tab);
        self.row("{who}: frozen by the browser", &[tab], &[Mark::Dot(Lane::Tab(tab))]);
    }

    pub fn thaw(&mut self, tab: usize) {
        self.world.thaw(tab);
        self.row("{who}: thawed", &[tab], &[Mark::Dot(Lane::Tab(tab))]);
        self.tell_calls();
    }

    /// The network loses the answer to the request that comes next, its cookie too.
    pub fn lose_answer(&mut self) {
        let Some(Happening::Serve(at)) =
            self.world.possible().into_iter().find(|next| matches!(next, Happening::Serve(_)))
        else {
            panic!("no request is on its way");
        };
        let Seen::Served { tab, operation, cookie } = self.world.look(Happening::Serve(at)) else { unreachable!() };
        self.world.lose_answer(at);
        self.row(&served(operation, cookie), &[tab], &[arrow(Lane::Tab(tab), Lane::Server, Manner::Plain)]);
        self.world.act(Happening::Arrive(at));
        let mark = Mark::Lost { from: Lane::Server, to: Lane::Tab(tab) };
        self.row("{who}: the answer is lost, and cookie 2 with it", &[tab], &[mark]);
        self.tell_calls();
    }

    /// Lets things happen, a message a tab in turn, until nothing is left or until this one comes.
    pub fn run_until(&mut self, stop: impl Fn(&World, &Seen) -> bool) {
        for _ in 0..100_000 {
            let possible = self.world.possible();
            let Some(next) = possible.first().copied() else {
                if self.world.is_at_rest() {
                    return;
                }
                let steals = self.world.tally.steals;
                self.world.pass(Millis(10));
                self.tell_calls();
                if let Some(Seen::Granted { tab }) = self.next_grant()
                    && self.world.tally.steals > steals
                {
                    self.row("{who}: lock taken by force, its bound has passed", &[tab], &[Mark::Dot(Lane::Tab(tab))]);
                }
                continue;
            };
            let heard: BTreeSet<_> = possible.iter().filter_map(|next| hearer(*next)).collect();
            if heard.is_empty() {
                if stop(&self.world, &self.world.look(next)) {
                    return;
                }
                self.act(next);
            }
            for tab in heard {
                let next = self.world.possible().into_iter().find(|next| hearer(*next) == Some(tab));
                if let Some(next) = next {
                    self.act(next);
                }
            }
        }
        panic!("the world does not come to rest");
    }

    fn next_grant(&self) -> Option<Seen> {
        let next = self.world.possible().into_iter().find(|next| matches!(next, Happening::Grant))?;
        Some(self.world.look(next))
    }

    /// Lets time pass, by itself, until something could happen.
    pub fn pass_until(&mut self, stop: impl Fn(&World) -> bool) {
        while !stop(&self.world) {
            self.world.pass(Millis(10));
        }
    }

    pub fn settle(&mut self) {
        self.run_until(|_, _| false);
    }

    fn act(&mut self, next: Happening) {
        let seen = self.world.look(next);
        let (given, before) = (self.world.tally.given, self.world.stamp());
        self.world.act(next);
        let answers = self.world.tally.given > given;
        self.tell(&seen, answers, before);
        self.tell_calls();
    }

    /// `answers`: what was heard was answered; `before`: the stamp that stood.
    fn tell(&mut self, seen: &Seen, answers: bool, before: Option<Stamp>) {
        match *seen {
            Seen::Heard { tab, from, ref message } => {
                let (from, to) = (Lane::Tab(from), Lane::Tab(tab));
                match message {
                    Message::Moved(_) => {
                        let mark = arrow(from, to, Manner::Message);
                        self.row("{who}: told that the stamp has moved", &[tab], &[mark]);
                    }
                    Message::Want(_) if answers => {
                        let Lane::Tab(asker) = from else { return };
                        self.row(
                            "{who}: asked the others for the token",
                            &[asker],
                            &[arrow(from, to, Manner::Message)],
                        );
                    }
                    Message::Give { .. } if self.session_of(tab) == Session::Without => {
                        self.row("{who}: offered the token", &[tab], &[arrow(from, to, Manner::Token)]);
                    }
                    Message::Stole => {
                        self.row("{who}: told that the lock was taken", &[tab], &[arrow(from, to, Manner::Message)]);
                    }
                    _ => {}
                }
            }
            Seen::Granted { tab } => {
                let is_asking = self.world.stamp().is_some_and(|stamp| stamp.is_asking);
                let is_busy = self.world.holder.is_some_and(|(holder, _)| holder == tab);
                let says = match (is_busy, is_asking) {
                    (false, _) => "{who}: lock granted, nothing to do",
                    (_, true) => "{who}: lock granted; the stamp says: asking",
                    _ => "{who}: lock granted, stamp read",
                };
                self.row(says, &[tab], &[arrow(Lane::Stamp, Lane::Tab(tab), Manner::Plain)]);
            }
            Seen::Read { tab } => {
                self.row("{who}: stamp read once more", &[tab], &[arrow(Lane::Stamp, Lane::Tab(tab), Manner::Plain)]);
            }
            Seen::Written { tab, stamp, stands } => {
                let is_new = before.is_none_or(|before| before.generation != stamp.generation);
                let what = match (stands, stamp.standing, stamp.is_asking) {
                    (false, ..) => "{who}: stamp not written, another one stands",
                    (_, Standing::SigningOut, _) => "{who}: stamp written: signed out, server to be told",
                    (_, Standing::SignedOut, _) => "{who}: stamp written: signed out, server knows",
                    (_, Standing::Expired, _) => "{who}: stamp written: session ended",
                    (_, Standing::SignedIn, true) => "{who}: stamp written: asking",
                    (_, Standing::SignedIn, false) if is_new => "{who}: stamp written: renewed",
                    (_, Standing::SignedIn, false) => "{who}: stamp written: failed, nobody asks for a while",
                };
                let manner = if stands { Manner::Plain } else { Manner::Refused };
                self.row(what, &[tab], &[arrow(Lane::Tab(tab), Lane::Stamp, manner)]);
            }
            Seen::Served { tab, operation, cookie } => {
                self.row(&served(operation, cookie), &[tab], &[arrow(Lane::Tab(tab), Lane::Server, Manner::Plain)]);
            }
            Seen::Answered { tab, status, sets_cookie, .. } => {
                let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
                let cookie = match (sets_cookie, self.world.jar) {
                    (true, Some(cookie)) => format!(" and cookie {cookie}"),
                    (true, None) => " and no cookie any more".to_owned(),
                    _ => String::new(),
                };
                let mark = arrow(Lane::Server, Lane::Tab(tab), Manner::Plain);
                self.row(&format!("{{who}}: answered by {status}{cookie}"), &[tab], &[mark]);
            }
        }
    }

    /// Calls that have ended since are told of.
    pub fn tell_calls(&mut self) {
        for tab in 0..self.world.tabs.len() {
            let open = self.world.tabs[tab].calls.iter().filter(|call| call.ending.is_none()).count();
            if open == self.open[tab] {
                continue;
            }
            self.open[tab] = open;
            let mut ends = self.world.tabs[tab].calls.iter().filter_map(|call| call.ending);
            let says = match ends.next_back() {
                Some(Ending::Delivered(200)) => "{who}: calls delivered, 200".to_owned(),
                Some(Ending::Delivered(status)) => format!("{{who}}: calls delivered, {status}"),
                Some(Ending::Failed(problem)) => format!("{{who}}: calls failed, {problem:?}"),
                None => continue,
            };
            self.row(&says, &[tab], &[Mark::Dot(Lane::Tab(tab))]);
        }
    }
}

/// Turns under the lock in which one tab after the other does the same become one turn of them all.
pub fn fold(mut rows: Vec<Row>) -> Vec<Row> {
    for length in [2, 3, 4] {
        let mut at = 0;
        while at + 2 * length <= rows.len() {
            let (first, second) = (&rows[at..at + length], &rows[at + length..at + 2 * length]);
            let is_same = first.iter().zip(second).all(|(first, second)| first.says_the_same_as(second));
            let is_turn = first[0].says.contains("lock granted") && first[0].who.is_disjoint(&second[0].who);
            if !is_same || !is_turn {
                at += 1;
                continue;
            }
            let second: Vec<_> = rows.drain(at + length..at + 2 * length).collect();
            for (row, other) in rows[at..].iter_mut().zip(&second) {
                row.add(other);
            }
        }
    }
    rows
}

fn hearer(next: Happening) -> Option<usize> {
    let Happening::Hear(tab, _) = next else { return None };
    Some(tab)
}

fn arrow(from: Lane, to: Lane, manner: Manner) -> Mark {
    Mark::Arrow { from, to, manner }
}

fn served(operation: Operation, cookie: Option<u32>) -> String {
    let cookie = cookie.map_or_else(|| "without a cookie".to_owned(), |cookie| format!("with cookie {cookie}"));
    match operation {
        Operation::Refresh => format!("{{who}}: refresh sent, {cookie}"),
        Operation::ReadSession => "{who}: session read".to_owned(),
        Operation::SignIn | Operation::Exchange => "{who}: sign-in sent".to_owned(),
        Operation::SignOut => format!("{{who}}: sign-out sent, {cookie}"),
    }
}
