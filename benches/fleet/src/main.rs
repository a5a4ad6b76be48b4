//! `cargo xtask fleet`: runs scenarios under all policies on all processors, and says what it sees.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use relatch_fleet::report::{PEAK_OVER, Report, Run};
use relatch_fleet::scenario::{self, Scenario};
use relatch_fleet::{CAPACITY, Policy, Setup, chart, run};

/// A day of a fleet of clients, against a server that has a capacity
#[derive(Parser)]
#[command(name = "cargo xtask fleet")]
struct Options {
    /// How many browser profiles
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=4_000_000))]
    clients: u32,
    /// Only this one, besides the ordinary day: outage, busy, blip, deploy, key, limit, nine
    #[arg(long)]
    scenario: Option<String>,
    /// Only relatch
    #[arg(long)]
    alone: bool,
    /// What chance begins with
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long access tokens live, in minutes
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(2..=1_440))]
    life: u32,
    /// Write the table and the charts into docs/
    #[arg(long)]
    write: bool,
}

/// One run that is to be made.
#[derive(Clone, Copy)]
struct Job {
    scenario: Scenario,
    policy: Policy,
}

impl Job {
    /// About how long it takes, beside others.
    fn weight(self) -> f64 {
        let hours = f64::from(self.scenario.end - self.scenario.start) / f64::from(scenario::HOUR);
        hours * if self.policy == Policy::Relatch { 4.0 } else { 1.0 }
    }
}

/// What is left to do, and what is done.
struct Work {
    jobs: VecDeque<Job>,
    /// relatch has machines of a kilobyte a tab: one such run at a time.
    is_large_underway: bool,
    done: Vec<Run>,
    weight_done: f64,
}

/// What a worker is at.
struct Desk {
    job: Mutex<Option<Job>>,
    at: AtomicU32,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let began = Instant::now();
    let report = simulate(&options)?;
    println!("{}{}", fleet(&options), report.table());
    println!("{}", bounds(&report));
    let took = began.elapsed().as_secs_f64();
    println!("It took {took:.0} s, and {:.0} MB at most.", memory());
    if options.write { write(&options, &report) } else { Ok(()) }
}

fn simulate(options: &Options) -> Result<Report> {
    let scenarios: Vec<Scenario> = match &options.scenario {
        None => scenario::ALL.to_vec(),
        Some(name) => {
            let wanted = scenario::named(name);
            let names = scenario::ALL.map(|scenario| scenario.name).join(", ");
            let wanted = wanted.with_context(|| format!("no scenario is called {name}; there are {names}"))?;
            let mut both = vec![scenario::ALL[0], wanted];
            both.dedup();
            both
        }
    };
    let policies = if options.alone { &Policy::ALL[..1] } else { &Policy::ALL[..] };
    let all = scenarios
        .iter()
        .flat_map(|scenario| policies.iter().map(|policy| Job { scenario: *scenario, policy: *policy }));
    let jobs: VecDeque<Job> = all.collect();
    let total: f64 = jobs.iter().map(|job| job.weight()).sum();
    let count = jobs.len();
    let work = Mutex::new(Work { jobs, is_large_underway: false, done: Vec::new(), weight_done: 0.0 });
    let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get).min(4);
    let desks: Vec<Desk> = (0..workers).map(|_| Desk { job: Mutex::new(None), at: AtomicU32::new(0) }).collect();
    let busy = AtomicUsize::new(workers);
    thread::scope(|scope| {
        for desk in &desks {
            let (work, busy) = (&work, &busy);
            scope.spawn(move || {
                work_off(options, work, desk);
                busy.fetch_sub(1, Ordering::Relaxed);
            });
        }
        let began = Instant::now();
        while busy.load(Ordering::Relaxed) > 0 {
            thread::sleep(Duration::from_secs(1));
            if began.elapsed().as_secs().is_multiple_of(5) {
                tell(&work, &desks, began, total, count);
            }
        }
    });
    let mut runs = work.into_inner().unwrap_or_else(PoisonError::into_inner).done;
    ensure!(runs.len() == count, "a run has failed");
    let place = |name: &str| scenario::ALL.iter().position(|scenario| scenario.name == name);
    let rank = |policy: Policy| Policy::ALL.iter().position(|other| *other == policy);
    runs.sort_by_key(|run| (place(run.scenario.name), rank(run.policy)));
    Ok(Report { runs })
}

fn work_off(options: &Options, work: &Mutex<Work>, desk: &Desk) {
    loop {
        let mut open = lock(work);
        let may_be_large = !open.is_large_underway || options.clients <= 250_000;
        let next = open.jobs.iter().position(|job| may_be_large || job.policy != Policy::Relatch);
        let Some(job) = next.and_then(|at| open.jobs.remove(at)) else {
            let is_over = open.jobs.is_empty();
            drop(open);
            if is_over {
                *lock(&desk.job) = None;
                return;
            }
            thread::sleep(Duration::from_millis(200));
            continue;
        };
        open.is_large_underway |= job.policy == Policy::Relatch;
        drop(open);
        desk.at.store(job.scenario.start, Ordering::Relaxed);
        *lock(&desk.job) = Some(job);
        let setup = Setup {
            clients: options.clients,
            seed: options.seed,
            life: options.life * scenario::MINUTE,
            scenario: job.scenario,
            every_call: false,
        };
        let seen = run(job.policy, &setup, &desk.at);
        let mut open = lock(work);
        open.is_large_underway &= job.policy != Policy::Relatch;
        open.weight_done += job.weight();
        open.done.push(Run { scenario: job.scenario, policy: job.policy, seen });
    }
}

fn tell(work: &Mutex<Work>, desks: &[Desk], began: Instant, total: f64, count: usize) {
    let open = lock(work);
    let (mut weight, done) = (open.weight_done, open.done.len());
    drop(open);
    let mut line = format!("{done} of {count} runs");
    for desk in desks {
        let Some(job) = *lock(&desk.job) else { continue };
        let Scenario { start, end, name, .. } = job.scenario;
        let part = f64::from(desk.at.load(Ordering::Relaxed).saturating_sub(start)) / f64::from(end - start);
        weight += part.min(1.0) * job.weight();
        let _ = write!(line, " · {name}, {} {:.0} %", job.policy.title(), part * 100.0);
    }
    let elapsed = began.elapsed().as_secs_f64();
    if weight > 0.0 {
        let _ = write!(line, " · about {:.0} s left", elapsed * (total - weight).max(0.0) / weight);
    }
    eprintln!("{line}");
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is promised of an outage, and what is so.
fn bounds(report: &Report) -> String {
    let mut text = String::new();
    for name in ["outage", "busy"] {
        let (Some(run), Some(mean)) = (report.of(name, Policy::Relatch), report.mean(Policy::Relatch)) else {
            continue;
        };
        let _ = write!(
            text,
            "- {}: the peak of the ten minutes after it is {:.1} times the day's mean.",
            run.scenario.title,
            run.peak_after(PEAK_OVER) / mean
        );
        if let Some(other) = report.of(name, Policy::NoJitter) {
            let _ = write!(
                text,
                " Nobody waits longer than {:.0} s; without jitter, {:.0} s. Client by client, at most {:.0} s more.",
                run.longest_wait(),
                other.longest_wait(),
                run.longest_beyond(other)
            );
        }
        text.push('\n');
    }
    let of_relatch = || report.runs.iter().filter(|run| run.policy == Policy::Relatch);
    let out: u32 = of_relatch().map(|run| run.seen.signed_out).sum();
    let reuses: u32 = of_relatch().map(|run| run.seen.reuses).sum();
    text + &format!("- Under relatch, in all of these: signed out {out}, refresh tokens presented twice {reuses}.\n")
}

/// The most memory this process has had, in megabytes; zero where that can't be told.
fn memory() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).map_or(0.0, |kilobytes: f64| kilobytes / 1e3)
}

/// What was measured.
fn fleet(Options { clients, seed, life, .. }: &Options) -> String {
    let capacity = CAPACITY * f64::from(*clients);
    format!(
        "{clients} clients, tokens of {life} minutes, a server that can do {capacity:.0} refreshes a second, seed {seed}:\n"
    )
}

fn write(options: &Options, report: &Report) -> Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page: PathBuf = docs.join("fleet.md");
    let text = fs::read_to_string(&page)?;
    let (open, close) = ("<!-- fleet -->\n", "<!-- /fleet -->");
    let from = text.find(open).context("docs/fleet.md has no <!-- fleet -->")? + open.len();
    let to = text.find(close).context("docs/fleet.md has no <!-- /fleet -->")?;
    fs::write(
        &page,
        format!("{}{}{}\n{}{}", &text[..from], fleet(options), report.table(), bounds(report), &text[to..]),
    )?;
    for (name, svg) in chart::all(report)? {
        fs::write(docs.join(format!("fleet-{name}.svg")), svg)?;
    }
    Ok(())
}
