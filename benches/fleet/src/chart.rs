//! The charts, as SVG that follows the reader's colour scheme.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::Policy;
use crate::report::{PEAK_OVER, Report, Run, float};
use crate::scenario::{ALL, HOUR, MIDNIGHT, MINUTE, SECOND};

const SIZE: (u32, u32) = (800, 360);
const INK: RGBColor = RGBColor(0x1f, 0x23, 0x28);
const FAINT: RGBColor = RGBColor(0xd1, 0xd9, 0xe0);
/// Rewrites the colours above for a dark page: a style sheet has its way over an attribute.
const STYLE: &str = r##"<style>
text { font-family: system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  text, [fill="#1F2328"] { fill: #e6edf3; } [stroke="#1F2328"] { stroke: #e6edf3; } [stroke="#D1D9E0"] { stroke: #3d444d; }
  [fill="#D1D9E0"] { fill: #6e7681; }
  [stroke="#0969DA"] { stroke: #4493f8; } [fill="#0969DA"] { fill: #4493f8; }
  [stroke="#CF222E"] { stroke: #f85149; } [fill="#CF222E"] { fill: #f85149; }
  [stroke="#9A6700"] { stroke: #d29922; } [fill="#9A6700"] { fill: #d29922; }
  [stroke="#6639BA"] { stroke: #ab7df8; } [fill="#6639BA"] { fill: #ab7df8; }
  [stroke="#1A7F37"] { stroke: #3fb950; } [fill="#1A7F37"] { fill: #3fb950; }
}
</style>"##;

const fn colour(policy: Policy) -> RGBColor {
    match policy {
        Policy::Relatch => RGBColor(0x09, 0x69, 0xda),
        Policy::NoJitter => RGBColor(0xcf, 0x22, 0x2e),
        Policy::Tick => RGBColor(0x9a, 0x67, 0x00),
        Policy::On401 => RGBColor(0x66, 0x39, 0xba),
        Policy::Interval => RGBColor(0x1a, 0x7f, 0x37),
    }
}

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// `(name, svg)` of what there are runs for.
pub fn all(report: &Report) -> Result<Vec<(&'static str, String)>> {
    let mut charts = Vec::new();
    if Policy::ALL.iter().all(|policy| report.of("day", *policy).is_some()) {
        charts.push(("day", over_time(report, "day", "An ordinary day")?));
        if report.of("outage", Policy::Interval).is_some() {
            charts.push(("outage", over_time(report, "outage", "Ten minutes of outage, and what comes after it")?));
            charts.push(("waiting", waiting(report)?));
        }
        if report.of("nine", Policy::Interval).is_some() {
            let title = "Peak of ten seconds, over the mean of the day";
            let peak = |run: &Run, mean: f64| run.peak_after(PEAK_OVER) / mean;
            charts.push(("peaks", dots(report, title, "times the mean, logarithmic", 0.8, peak)?));
            let title = "Until nobody waited longer than usual";
            charts.push(("recovered", dots(report, title, "seconds, logarithmic", 1.0, |run, _| run.recovered())?));
        }
    }
    Ok(charts)
}

fn draw(title: &str, paint: impl FnOnce(&Canvas<'_>) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    {
        let canvas = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        canvas.draw(&Text::new(title.to_owned(), (8, 8), ("sans-serif", 16).into_font().color(&INK))).map_err(told)?;
        paint(&canvas)?;
        canvas.present().map_err(told)?;
    }
    let open = svg.find('>').ok_or_else(|| anyhow!("no SVG was drawn"))? + 1;
    let head = svg[..open].replacen("<svg", "<svg role=\"img\"", 1);
    Ok(format!("{head}\n<title>{title}</title>\n{STYLE}{}", &svg[open..]))
}

fn told(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("drawing failed: {error}")
}

/// Refreshes a second under each policy, as multiples of the mean of the day.
fn over_time(report: &Report, scenario: &str, title: &str) -> Result<String> {
    let step = if scenario == "day" { 5 * MINUTE } else { 10 * SECOND };
    lines(report, scenario, title, "times the mean of the day", step, |run, at| {
        run.rate(at, at + step) / report.mean(run.policy).unwrap_or(1.0)
    })
}

/// Clients without a token that want one, as a part of the fleet.
fn waiting(report: &Report) -> Result<String> {
    let title = "Clients that want a token and have none, in the same outage";
    lines(report, "outage", title, "percent of all clients", 5 * SECOND, |run, at| {
        let second = ((at - run.scenario.start) / SECOND) as usize;
        let wanting = run.seen.wanting.get(second).copied().unwrap_or(0);
        100.0 * f64::from(wanting) / float(run.seen.waits.longest.len())
    })
}

/// A line for each policy; relatch's is drawn last, above the others.
fn lines(
    report: &Report,
    scenario: &str,
    title: &str,
    unit: &str,
    step: u32,
    of: impl Fn(&Run, u32) -> f64,
) -> Result<String> {
    let runs: Vec<&Run> = Policy::ALL.iter().rev().filter_map(|policy| report.of(scenario, *policy)).collect();
    let outage = runs.first().and_then(|run| run.scenario.outage);
    let (from, to) =
        outage.map_or((MIDNIGHT, MIDNIGHT + 24 * HOUR), |(from, to)| (from - 5 * MINUTE, to + 20 * MINUTE));
    // Round hours, or round minutes, are where the axis has its numbers.
    let x = |at: u32| f64::from(at - MIDNIGHT) / f64::from(if outage.is_some() { MINUTE } else { HOUR });
    let line =
        |run: &Run| -> Vec<(f64, f64)> { (from..to).step_by(step as usize).map(|at| (x(at), of(run, at))).collect() };
    let lines: Vec<_> = runs.iter().map(|run| (run.policy, line(run))).collect();
    let top = lines.iter().flat_map(|(_, line)| line).map(|point| point.1).fold(0.0, f64::max) * 1.05;
    draw(title, |canvas| {
        let mut chart = ChartBuilder::on(canvas)
            .margin(8)
            .margin_top(36)
            .margin_right(24)
            .x_label_area_size(32)
            .y_label_area_size(48)
            .build_cartesian_2d(x(from)..x(to), 0.0..top)
            .map_err(told)?;
        axes(&mut chart, unit, outage.is_some(), top)?;
        if let Some((down, up)) = outage {
            let shade = Rectangle::new([(x(down), 0.0), (x(up), top)], FAINT.mix(0.35).filled());
            chart.draw_series([shade]).map_err(told)?;
            let style = ("sans-serif", 12).into_font().color(&INK);
            let text = Text::new("no service".to_owned(), (x(down + 10 * SECOND), top * 0.98), style);
            chart.draw_series([text]).map_err(told)?;
        }
        for (policy, line) in lines {
            let style = colour(policy).stroke_width(if policy == Policy::Relatch { 3 } else { 1 });
            let series = chart.draw_series(LineSeries::new(line, style)).map_err(told)?;
            series.label(policy.title()).legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
        }
        legend(&mut chart)
    })
}

type Plane<X, Y> = Cartesian2d<X, Y>;
type Coord = plotters::coord::types::RangedCoordf64;

fn axes<'a>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Plane<Coord, Coord>>,
    unit: &str,
    is_by_minutes: bool,
    top: f64,
) -> Result<()> {
    let digits = usize::from(top < 5.0);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(FAINT)
        .axis_style(INK)
        .label_style(("sans-serif", 12).into_font().color(&INK))
        .x_labels(12)
        .x_label_formatter(&|at| clock(if is_by_minutes { *at } else { *at * 60.0 }))
        .y_labels(6)
        .y_label_formatter(&|value| format!("{value:.digits$}"))
        .y_desc(unit)
        .draw()
        .map_err(told)
}

fn legend<'a>(chart: &mut ChartContext<'a, SVGBackend<'a>, Plane<Coord, Coord>>) -> Result<()> {
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .label_font(("sans-serif", 12).into_font().color(&INK))
        .draw()
        .map_err(told)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time of the day")]
fn clock(minutes: f64) -> String {
    let minutes = minutes.round() as u32;
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

/// A row for each scenario, a dot for each policy.
fn dots(report: &Report, title: &str, unit: &str, least: f64, of: impl Fn(&Run, f64) -> f64) -> Result<String> {
    let scenarios: Vec<_> = ALL.into_iter().skip(1).rev().collect();
    let mut points = Vec::new();
    for (row, scenario) in scenarios.iter().enumerate() {
        for policy in Policy::ALL.into_iter().rev() {
            let (Some(run), Some(mean)) = (report.of(scenario.name, policy), report.mean(policy)) else { continue };
            points.push((policy, of(run, mean).max(least), row));
        }
    }
    let most = points.iter().map(|point| point.1).fold(1.0, f64::max) * 8.0;
    draw(title, |canvas| {
        let rows = float(scenarios.len());
        let mut chart = ChartBuilder::on(canvas)
            .margin(8)
            .margin_top(36)
            .margin_right(24)
            .x_label_area_size(40)
            .y_label_area_size(90)
            .build_cartesian_2d((least * 0.9..most).log_scale(), -0.5..rows - 0.5)
            .map_err(told)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(FAINT)
            .axis_style(INK)
            .label_style(("sans-serif", 12).into_font().color(&INK))
            .x_desc(unit)
            .x_labels(8)
            .x_label_formatter(&|value| format!("{value}"))
            .y_labels(0)
            .draw()
            .map_err(told)?;
        for (row, scenario) in scenarios.iter().enumerate() {
            let at = chart.backend_coord(&(least, float(row)));
            canvas
                .draw(&Text::new(scenario.name.to_owned(), (16, at.1 - 6), ("sans-serif", 13).into_font().color(&INK)))
                .map_err(told)?;
        }
        for policy in Policy::ALL.into_iter().rev() {
            let size = if policy == Policy::Relatch { 6 } else { 4 };
            let own = points.iter().filter(|point| point.0 == policy);
            let circles = own.map(|(_, value, row)| Circle::new((*value, float(*row)), size, colour(policy).filled()));
            let series = chart.draw_series(circles).map_err(told)?;
            series.label(policy.title()).legend(move |(x, y)| Circle::new((x + 10, y), size, colour(policy).filled()));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::MiddleRight)
            .label_font(("sans-serif", 12).into_font().color(&INK))
            .draw()
            .map_err(told)
    })
}
