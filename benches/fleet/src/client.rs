//! What the simulation asks of a client, whatever its policy.

use relatch::core::Millis;

use crate::server::{Reply, Server};

/// What a client sees of the world.
pub struct World<'a> {
    /// Milliseconds.
    pub now: u32,
    /// The server's rules, never its state.
    pub server: &'a Server,
    /// Refreshes to be sent.
    pub sent: Vec<Sent>,
}

impl World<'_> {
    /// The time as the machines see it.
    pub fn millis(&self) -> Millis {
        Millis(self.now.into())
    }
}

/// A refresh on its way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Which tab sent it.
    pub tab: u8,
    /// The client's name for it.
    pub ticket: u32,
    /// The refresh token that it presents.
    pub cookie: u32,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// It was sent, and accepted.
    Through,
    /// It waits for a token, or failed for want of one.
    Wanting,
}

/// One browser profile.
pub trait Client {
    /// A profile in which somebody has been signed in, whose pages are not loaded yet.
    fn new(who: u32, seed: u64, tabs: u8, life: Millis) -> Self;
    /// This tab is looked at, perhaps after its page was loaded anew.
    fn show(&mut self, world: &mut World<'_>, tab: u8, load: bool);
    /// No tab is looked at.
    fn hide(&mut self, world: &mut World<'_>);
    /// No timer fires from now on.
    fn sleep(&mut self, world: &mut World<'_>);
    /// Timers fire again.
    fn wake(&mut self, world: &mut World<'_>);
    /// The tab that is looked at makes a call.
    fn call(&mut self, world: &mut World<'_>) -> Called;
    /// The deadline has come.
    fn tick(&mut self, world: &mut World<'_>);
    /// A refresh was answered.
    fn answer(&mut self, world: &mut World<'_>, sent: Sent, reply: Reply);
    /// When to tick next.
    fn deadline(&self, now: u32) -> Option<u32>;
    /// Until when calls of the tab that is looked at go through and change nothing, if they do now.
    fn quiet_until(&self, world: &World<'_>) -> Option<u32>;
    /// Whether the client says that nobody is signed in.
    fn is_out(&self) -> bool;
}
