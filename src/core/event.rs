//! What goes into a [`Session`](super::Session) and what comes out of it.

use super::answer::Outcome;
use super::identity::Generation;
use super::problem::Problem;
use super::stamp::{Found, Message, Pause, Stamp};
use super::time::Millis;

/// One of the SDK's own requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Renew the access token.
    Refresh,
    /// Read the session's data.
    ReadSession,
    /// Sign in with credentials.
    SignIn,
    /// Sign in with another provider's token.
    Exchange,
    /// End the session.
    SignOut,
}

/// Names something that the application asked for and that will be settled once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ask(pub u32);

/// Names one request, so that its answer finds its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TicketId(pub u32);

/// What a turn does that needs an answer of the shell's: take the lock, send the request, write the stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// Comes back with the answer.
    pub id: TicketId,
    /// What to send.
    pub operation: Operation,
    /// Whose fields to send, for an operation that has some.
    pub ask: Option<Ask>,
    /// The generation at which it is sent.
    pub base: Generation,
    /// The `Idempotency-Key` of a refresh.
    pub key: u64,
    /// Whether it is sent once more because its proof was refused: a new one is to be had for it.
    pub needs_proof: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The application wants to know the session.
    Start,
    /// The application asks for an operation.
    Asked(Ask, Operation),
    /// A call needs a token; if one was refused, a newer one than that.
    Needed {
        /// The generation whose token got a 401.
        refused: Option<Generation>,
    },
    /// A request was answered, or was not.
    Answered(TicketId, Outcome),
    /// The lock is held; this is what stands under it.
    Locked(TicketId, Option<Found>),
    /// The stamp was written, or another stood there, which is this.
    Stamped(TicketId, Result<(), Option<Stamp>>),
    /// Other tabs wait for the lock, which this one has; said before the stamp that ends its turn is [`Stamped`](Self::Stamped).
    Awaited,
    /// The store was closed from outside, as where the site's data are cleared: the stamp may be gone.
    StoreLost,
    /// The stamp was read.
    StampRead(Option<Stamp>),
    /// Another tab has said something.
    Heard(Message),
    /// [`Session::deadline`](super::Session::deadline) has come, or may have.
    Tick,
    /// The page was shown or hidden.
    Visible(bool),
    /// The page goes away, for good or into the back/forward cache.
    Leaving,
    /// The page has come back from the back/forward cache.
    Restored,
    /// The platform says that the network is back. A hint.
    Online,
    /// The application is done with this client.
    Dispose,
}

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Ask for the lock, by force if `steal`, then report with [`Event::Locked`].
    Lock {
        /// Whose turn it is for.
        ticket: TicketId,
        /// The holder is taken for frozen.
        steal: bool,
    },
    /// Free the lock, or stop waiting for it.
    Unlock(TicketId),
    /// Write the stamp if what stands is exactly what was seen, and report with [`Event::Stamped`].
    WriteStamp {
        /// Whose turn it is for.
        ticket: TicketId,
        /// What it follows.
        seen: Option<Stamp>,
        /// What to write.
        stamp: Stamp,
        /// What to write beside it: until when no tab is to ask the server again.
        pause: Option<Pause>,
        /// The same: what is left of the life of the token that it tells of.
        left: Option<Millis>,
    },
    /// Read the stamp, and report with [`Event::StampRead`].
    ReadStamp,
    /// Say this to the other tabs. The user goes along with a [`Message::Give`].
    Tell(Message),
    /// The user that came with the last [`Message::Give`] may soon be the session's.
    KeepGiven,
    /// The user that was kept is the session's from now on.
    AdoptGiven,
    /// Send a request, and report with [`Event::Answered`].
    Perform(Ticket),
    /// The user in the answer to this ticket is the session's from now on.
    Adopt(TicketId),
    /// Drop the session's data.
    Forget,
    /// What was asked for has ended.
    Settle(Ask, Result<(), Problem>),
    /// The session has moved: waiting calls resume.
    Resume,
    /// [`Session::state`](super::Session::state) has changed.
    Publish,
}
