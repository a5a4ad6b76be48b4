//! What was seen, as numbers and as a table.

use std::fmt::Write as _;

use crate::scenario::{MIDNIGHT, MINUTE, SECOND};
use crate::{Policy, Scenario, Seen};

/// How many seconds a peak is the mean of: shorter than any autoscaler or balancer looks.
pub const PEAK_OVER: usize = 10;
/// For how long after the service is back peaks are looked for.
const AFTERMATH: u32 = 10 * MINUTE;

/// One scenario under one policy.
#[derive(Clone, Debug)]
pub struct Run {
    /// What was done.
    pub scenario: Scenario,
    /// Under which policy.
    pub policy: Policy,
    /// What was seen.
    pub seen: Seen,
}

impl Run {
    /// Refreshes a second between two moments, on average.
    pub fn rate(&self, from: u32, to: u32) -> f64 {
        let seconds = self.seconds(from, to);
        seconds.iter().map(|arrivals| f64::from(*arrivals)).sum::<f64>() / float(seconds.len().max(1))
    }

    /// The most refreshes a second that come on average over this many seconds, between two moments.
    pub fn peak(&self, from: u32, to: u32, over: usize) -> f64 {
        let mean = |seconds: &[u32]| seconds.iter().map(|arrivals| f64::from(*arrivals)).sum::<f64>() / float(over);
        self.seconds(from, to).chunks_exact(over).map(mean).fold(0.0, f64::max)
    }

    /// The peak of what is measured: of the day, or of the ten minutes after the service is back.
    pub fn peak_after(&self, over: usize) -> f64 {
        let Scenario { name, from, end, .. } = self.scenario;
        self.peak(from, if name == "day" { end } else { from + AFTERMATH }, over)
    }

    fn seconds(&self, from: u32, to: u32) -> &[u32] {
        let second = |at: u32| (at.saturating_sub(self.scenario.start) / SECOND) as usize;
        self.seen.arrivals.get(second(from)..second(to).min(self.seen.arrivals.len())).unwrap_or_default()
    }

    /// The longest wait of any client, in seconds.
    pub fn longest_wait(&self) -> f64 {
        f64::from(self.seen.waits.longest.iter().copied().max().unwrap_or(0)) / 1_000.0
    }

    /// When the last had recovered, in seconds.
    pub fn recovered(&self) -> f64 {
        f64::from(self.seen.waits.recovered) / 1_000.0
    }

    /// The longest that a client waited beyond what the same client waited in another run, in seconds.
    pub fn longest_beyond(&self, other: &Self) -> f64 {
        let pairs = self.seen.waits.longest.iter().zip(&other.seen.waits.longest);
        f64::from(pairs.map(|(own, others)| own.saturating_sub(*others)).max().unwrap_or(0)) / 1_000.0
    }
}

/// All runs.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order of scenarios, and of policies in each.
    pub runs: Vec<Run>,
}

impl Report {
    /// The run of a scenario under a policy.
    pub fn of(&self, scenario: &str, policy: Policy) -> Option<&Run> {
        self.runs.iter().find(|run| run.scenario.name == scenario && run.policy == policy)
    }

    /// The mean of the ordinary day under a policy: refreshes a second.
    pub fn mean(&self, policy: Policy) -> Option<f64> {
        self.of("day", policy).map(|day| day.rate(MIDNIGHT, day.scenario.end))
    }

    /// The table, in Markdown.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for scenario in crate::scenario::ALL {
            let runs: Vec<&Run> = self.runs.iter().filter(|run| run.scenario == scenario).collect();
            if !runs.is_empty() {
                let _ = write!(text, "\n**{}**\n\n", capital(scenario.title));
                if scenario.name == "day" { self.day(&runs, &mut text) } else { self.aftermath(&runs, &mut text) }
            }
        }
        text
    }

    fn day(&self, runs: &[&Run], text: &mut String) {
        text.push_str(
            "| policy | refreshes/s, mean | busiest 10 s | peak over mean | signed out |\n|---|--:|--:|--:|--:|\n",
        );
        for run in runs {
            let mean = self.mean(run.policy).unwrap_or(f64::NAN);
            let peak = run.peak_after(PEAK_OVER);
            let (title, out) = (run.policy.title(), run.seen.signed_out);
            let _ = writeln!(text, "| {title} | {mean:.1} | {peak:.0} | {:.1} | {out} |", peak / mean);
        }
    }

    fn aftermath(&self, runs: &[&Run], text: &mut String) {
        text.push_str(
            "| policy | refreshes/s, same 10 min of the day | peak of 10 s | over the day's mean | peak second | longest wait | 99 % wait less than | all recovered after | gave up | signed out |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        );
        for run in runs {
            let from = run.scenario.from;
            let usual = self.of("day", run.policy).map_or(f64::NAN, |day| day.rate(from, from + AFTERMATH));
            let mean = self.mean(run.policy).unwrap_or(f64::NAN);
            let peak = run.peak_after(PEAK_OVER);
            let _ = writeln!(
                text,
                "| {} | {usual:.0} | {peak:.0} | {:.1} | {:.0} | {:.0} s | {:.0} s | {:.0} s | {} | {} |",
                run.policy.title(),
                peak / mean,
                run.peak_after(1),
                run.longest_wait(),
                percentile(&run.seen.waits.longest, 99),
                run.recovered(),
                run.seen.waits.left,
                run.seen.signed_out,
            );
        }
    }
}

/// Of those who waited at all; in seconds.
fn percentile(waits: &[u32], part: usize) -> f64 {
    let mut waits: Vec<u32> = waits.iter().copied().filter(|wait| *wait > 0).collect();
    waits.sort_unstable();
    f64::from(waits.get(waits.len() * part / 100).copied().unwrap_or(0)) / 1_000.0
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[expect(clippy::cast_precision_loss, reason = "a count of seconds")]
pub(crate) const fn float(count: usize) -> f64 {
    count as f64
}
