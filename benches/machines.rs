//! The state machines by themselves: nanoseconds per event, bytes per session, and both with calls that wait.
//!
//! `cargo xtask bench --native`. The session has no table of calls, so what it costs is to be the same however many wait.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a bench")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use relatch::core::{
    Answer, Ask, Attempt, Body, Effect, Event, Fields, Found, Identity, Millis, Operation, Policy, Secret, Session,
    Stamp, Step,
};

const NOW: Millis = Millis(1_000);
const WAITING: [usize; 6] = [1, 10, 100, 1_000, 10_000, 100_000];

/// What is allocated now, in bytes.
static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counting.
struct Counting;

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One tab that shares with nobody: its lock is free, its stamp is as it left it, and the server answers at once.
struct Tab {
    session: Session,
    stamp: Option<Stamp>,
    issued: u32,
}

impl Tab {
    fn signed_in() -> Self {
        let mut tab = Self { session: Session::new(Policy::default(), 1), stamp: None, issued: 0 };
        tab.on(Event::Asked(Ask(1), Operation::SignIn));
        assert!(matches!(Attempt::start(&tab.session, NOW, true).1, Step::Send(_)), "somebody is signed in");
        tab
    }

    /// Takes an event in and carries out whatever follows from it.
    fn on(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for effect in self.session.on(NOW, event) {
                events.extend(self.carry_out(&effect));
            }
        }
    }

    /// Renews the token that a call was refused with.
    fn renew(&mut self) {
        let refused = self.session.generation();
        self.on(Event::Needed { refused: Some(refused) });
        assert!(self.session.generation() > refused, "it was renewed");
    }

    /// Carries out one effect; what it is answered with is an event.
    fn carry_out(&mut self, effect: &Effect) -> Option<Event> {
        match *effect {
            Effect::Lock { ticket, .. } => {
                let found = self.stamp.map(|stamp| Found { is_own: true, ..Found::just_now(stamp) });
                Some(Event::Locked(ticket, found))
            }
            Effect::WriteStamp { ticket, stamp, .. } => {
                self.stamp = Some(stamp);
                Some(Event::Stamped(ticket, Ok(())))
            }
            Effect::ReadStamp => Some(Event::StampRead(self.stamp)),
            Effect::Perform(ticket) => {
                self.issued += 1;
                Some(Event::Answered(ticket.id, Ok(granted(self.issued))))
            }
            _ => None,
        }
    }
}

/// What a server answers a refresh or a sign-in with: a token that is another each time, as long as a JWT of few claims.
fn granted(number: u32) -> Answer {
    let fields = Fields {
        refresh_token: None,
        access_token: Some(Secret::new(format!("{number:0300}"))),
        expires_in: Some(Millis(3_600_000)),
        has_user: true,
        identity: Some(Identity::of("ada")),
        error: None,
    };
    Answer { status: 200, body: Body::Json(fields), facts: String::new(), retry_after: None }
}

/// Calls that are sent and refused.
fn refuse(tab: &Tab, calls: &mut [Attempt]) {
    for call in calls {
        let (mut attempt, _) = Attempt::start(&tab.session, NOW, true);
        let _ = black_box(attempt.response(&tab.session, NOW, 401, ""));
        *call = attempt;
    }
}

fn a_call(criterion: &mut Criterion) {
    let tab = Tab::signed_in();
    criterion.bench_function("a call straight through: start and response", |bencher| {
        bencher.iter(|| {
            let (mut attempt, step) = Attempt::start(black_box(&tab.session), NOW, true);
            black_box(step);
            black_box(attempt.response(&tab.session, NOW, 200, ""))
        });
    });
}

fn a_turn(criterion: &mut Criterion) {
    let mut tab = Tab::signed_in();
    criterion.bench_function("a refresh turn: lock, stamp, request, answer, stamp", |bencher| {
        bencher.iter(|| tab.renew());
    });
}

/// A refresh while calls wait, and what each of them costs when it is resumed.
fn with_waiting_calls(criterion: &mut Criterion) {
    let mut turn = criterion.benchmark_group("a refresh turn while calls wait");
    for waiting in WAITING {
        turn.bench_function(BenchmarkId::from_parameter(waiting), |bencher| {
            let mut tab = Tab::signed_in();
            let mut calls = vec![Attempt::unpack(0); waiting];
            refuse(&tab, &mut calls);
            bencher.iter(|| tab.renew());
            black_box(&calls);
        });
    }
    turn.finish();
    let mut resume = criterion.benchmark_group("calls refused, a renewal, and each resumed: all of it");
    resume.sample_size(20);
    for waiting in WAITING {
        resume.throughput(Throughput::Elements(waiting as u64));
        resume.bench_function(BenchmarkId::from_parameter(waiting), |bencher| {
            let mut tab = Tab::signed_in();
            let mut calls = vec![Attempt::unpack(0); waiting];
            bencher.iter(|| {
                refuse(&tab, &mut calls);
                tab.renew();
                for call in &mut calls {
                    black_box(call.resume(&tab.session, NOW));
                }
            });
        });
    }
    resume.finish();
}

/// Not timed: bytes of a session, on the stack and on the heap, while calls wait.
fn bytes(_: &mut Criterion) {
    println!("\nbytes of an attempt: {}", size_of::<Attempt>());
    let mut rows = Vec::new();
    for waiting in WAITING {
        let mut calls = vec![Attempt::unpack(0); waiting];
        let before = ALLOCATED.load(Ordering::Relaxed);
        let mut tab = Tab::signed_in();
        let refused = Some(tab.session.generation());
        refuse(&tab, &mut calls);
        // The turn has begun and is not over: it waits for the lock.
        drop(tab.session.on(NOW, Event::Needed { refused }));
        for call in &mut calls {
            assert_eq!(call.resume(&tab.session, NOW), Step::Wait);
        }
        let heap = ALLOCATED.load(Ordering::Relaxed) - before;
        println!("bytes of a session while {waiting:>6} calls wait: {} and {heap} on the heap", size_of::<Session>());
        rows.push(format!("{{\"calls\":{waiting},\"heap\":{heap}}}"));
    }
    if let Ok(path) = std::env::var("RELATCH_BYTES") {
        let (session, attempt, rows) = (size_of::<Session>(), size_of::<Attempt>(), rows.join(","));
        let json = format!("{{\"session\":{session},\"attempt\":{attempt},\"waiting\":[{rows}]}}");
        std::fs::write(path, json).expect("a file beside criterion's");
    }
}

criterion_group!(machines, bytes, a_call, a_turn, with_waiting_calls);
criterion_main!(machines);
