//! Draws a trace: a sentence for each row, and beside it the lanes of tabs, stamp and server.

use std::fmt::Write as _;

use crate::trace::{Lane, Manner, Mark, Row, Session};

/// Sizes in pixels: of a row, of the column of sentences, of the lanes' names.
const ROW: usize = 28;
const TEXT: usize = 356;
const TOP: usize = 52;
/// What the legend needs, in pixels.
const WIDTH: usize = 776;

const STYLE: &str = "
.protocol { --ink: #1d2023; --muted: #5f646a; --line: #d4d2cb; --accent: #0b766b; --lock: #b26a00; --bad: #b3261e; --wash: #eef0ef; }
@media (prefers-color-scheme: dark) {
  .protocol { --ink: #e9ebec; --muted: #a7aeb4; --line: #3a4147; --accent: #4fcfbf; --lock: #f0b45b; --bad: #ff8a80; --wash: #23282c; }
}
.protocol text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: var(--ink); }
.protocol .name { font-weight: 600; text-anchor: middle; }
.protocol .time, .protocol .key { fill: var(--muted); font-size: 11px; }
.protocol .band { fill: var(--wash); }
.protocol .good { stroke: var(--accent); stroke-width: 4; }
.protocol .without { stroke: var(--muted); stroke-width: 1.5; stroke-dasharray: 2 4; }
.protocol .out { stroke: var(--line); stroke-width: 1.5; }
.protocol .place { stroke: var(--line); stroke-width: 1.5; }
.protocol .frozen { fill: var(--muted); fill-opacity: 0.18; }
.protocol .lock { fill: var(--lock); fill-opacity: 0.16; stroke: var(--lock); stroke-width: 1.25; }
.protocol .plain { stroke: var(--ink); stroke-width: 1.25; }
.protocol .message { stroke: var(--muted); stroke-width: 1.25; stroke-dasharray: 4 3; }
.protocol .token { stroke: var(--accent); stroke-width: 1.75; stroke-dasharray: 4 3; }
.protocol .refused { stroke: var(--bad); stroke-width: 1.25; }
.protocol .plain.tip, .protocol .dot { fill: var(--ink); stroke: none; }
.protocol .message.tip { fill: var(--muted); stroke: none; }
.protocol .token.tip { fill: var(--accent); stroke: none; }
.protocol .refused.tip, .protocol .cross { fill: none; stroke: var(--bad); stroke-width: 1.75; }
";

/// A drawing as SVG.
pub fn draw(title: &str, tabs: usize, rows: &[Row]) -> String {
    let sheet = Sheet { tabs, spacing: if tabs > 4 { 32 } else { 92 } };
    let height = TOP + rows.len() * ROW + 56;
    let width = WIDTH.max(sheet.x(Lane::Server) + 48);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"protocol\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" fill=\"none\" role=\"img\" aria-labelledby=\"title story\">\n<title id=\"title\">{title}</title>\n\
         <desc id=\"story\">"
    );
    for row in rows {
        writeln!(svg, "{}.", row.sentence()).unwrap();
    }
    writeln!(svg, "</desc>\n<style>{STYLE}</style>").unwrap();
    bands(&mut svg, rows, width);
    sheet.names(&mut svg);
    sheet.lanes(&mut svg, rows);
    sheet.locks(&mut svg, rows);
    for (at, row) in rows.iter().enumerate() {
        let y = y(at);
        writeln!(svg, "<text x=\"14\" y=\"{}\">{}</text>", y + 4, row.sentence()).unwrap();
        if row.passed.0 >= 50 {
            let tenths = (row.passed.0 + 50) / 100;
            let label = if tenths < 100 {
                format!("+ {}.{} s", tenths / 10, tenths % 10)
            } else {
                format!("+ {} s", tenths / 10)
            };
            writeln!(
                svg,
                "<text class=\"time\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>",
                TEXT - 14,
                y + 4
            )
            .unwrap();
        }
        for mark in &row.marks {
            sheet.mark(&mut svg, *mark, y);
        }
    }
    legend(&mut svg, height - 24);
    svg.push_str("</svg>\n");
    svg
}

/// The middle of a row.
fn y(row: usize) -> usize {
    TOP + row * ROW + ROW / 2
}

struct Sheet {
    tabs: usize,
    /// Between two tabs.
    spacing: usize,
}

impl Sheet {
    fn x(&self, lane: Lane) -> usize {
        let first = TEXT + 28;
        match lane {
            Lane::Tab(tab) => first + tab * self.spacing,
            Lane::Stamp => first + (self.tabs - 1) * self.spacing + 76,
            Lane::Server => first + (self.tabs - 1) * self.spacing + 160,
        }
    }

    fn names(&self, svg: &mut String) {
        for tab in 0..self.tabs {
            let name = if self.spacing < 40 { format!("{}", tab + 1) } else { format!("tab {}", tab + 1) };
            self.name(svg, Lane::Tab(tab), 40, &name);
        }
        if self.spacing < 40 {
            let middle = usize::midpoint(self.x(Lane::Tab(0)), self.x(Lane::Tab(self.tabs - 1)));
            writeln!(svg, "<text class=\"name\" x=\"{middle}\" y=\"20\">tabs</text>").unwrap();
        }
        self.name(svg, Lane::Stamp, 40, "stamp");
        self.name(svg, Lane::Server, 40, "server");
    }

    fn name(&self, svg: &mut String, lane: Lane, y: usize, name: &str) {
        writeln!(svg, "<text class=\"name\" x=\"{}\" y=\"{y}\">{name}</text>", self.x(lane)).unwrap();
    }

    /// A lane's line from row to row, as its tab stood meanwhile.
    fn lanes(&self, svg: &mut String, rows: &[Row]) {
        let bottom = TOP + rows.len() * ROW;
        for lane in [Lane::Stamp, Lane::Server] {
            line(svg, "place", self.x(lane), TOP, bottom);
        }
        for tab in 0..self.tabs {
            let x = self.x(Lane::Tab(tab));
            let mut from = TOP;
            for (at, row) in rows.iter().enumerate() {
                let until = rows.get(at + 1).map_or(bottom, |_| y(at + 1));
                if row.frozen[tab] {
                    let (top, tall) = (y(at), until - y(at));
                    writeln!(
                        svg,
                        "<rect class=\"frozen\" x=\"{}\" y=\"{top}\" width=\"20\" height=\"{tall}\"/>",
                        x - 10
                    )
                    .unwrap();
                }
                let stays = rows.get(at + 1).is_some_and(|next| next.tabs[tab] == row.tabs[tab]);
                if !stays {
                    line(svg, class(row.tabs[tab]), x, from, until);
                    from = until;
                }
            }
        }
    }

    /// The time for which a tab holds the lock.
    fn locks(&self, svg: &mut String, rows: &[Row]) {
        for tab in 0..self.tabs {
            let mut since = None;
            for at in 0..=rows.len() {
                let holds = rows.get(at).is_some_and(|row| row.holders.contains(&tab));
                match (since, holds) {
                    (None, true) => since = Some(at),
                    (Some(first), false) => {
                        let (top, end) = (y(first) - 9, if at < rows.len() { y(at) + 9 } else { y(at - 1) + ROW / 2 });
                        let x = self.x(Lane::Tab(tab)) - 7;
                        let tall = end - top;
                        writeln!(
                            svg,
                            "<rect class=\"lock\" x=\"{x}\" y=\"{top}\" width=\"14\" height=\"{tall}\" rx=\"4\"/>"
                        )
                        .unwrap();
                        since = None;
                    }
                    _ => {}
                }
            }
        }
    }

    fn mark(&self, svg: &mut String, mark: Mark, y: usize) {
        match mark {
            Mark::Dot(lane) => {
                writeln!(svg, "<circle class=\"dot\" cx=\"{}\" cy=\"{y}\" r=\"4.5\"/>", self.x(lane)).unwrap();
            }
            Mark::Arrow { from, to, manner } => {
                let class = match manner {
                    Manner::Plain => "plain",
                    Manner::Message => "message",
                    Manner::Token => "token",
                    Manner::Refused => "refused",
                };
                let (from, to) = (self.x(from), self.x(to));
                let (back, begin) = if to > from { (to - 8, from + 4) } else { (to + 8, from - 4) };
                writeln!(svg, "<path class=\"{class}\" d=\"M{begin} {y}H{back}\"/>").unwrap();
                if manner == Manner::Refused {
                    cross(svg, back, y);
                } else {
                    let tip = format!("M{to} {y}L{back} {}V{}Z", y - 4, y + 4);
                    writeln!(svg, "<path class=\"{class} tip\" d=\"{tip}\"/>").unwrap();
                }
            }
            Mark::Lost { from, to } => {
                let (from, to) = (self.x(from), self.x(to));
                let middle = usize::midpoint(from, to);
                writeln!(svg, "<path class=\"refused\" d=\"M{} {y}H{middle}\"/>", from - 4).unwrap();
                cross(svg, middle, y);
            }
        }
    }
}

fn class(session: Session) -> &'static str {
    match session {
        Session::Good => "good",
        Session::Without => "without",
        Session::Out => "out",
    }
}

fn line(svg: &mut String, class: &str, x: usize, from: usize, until: usize) {
    writeln!(svg, "<path class=\"{class}\" d=\"M{x} {from}V{until}\"/>").unwrap();
}

fn cross(svg: &mut String, x: usize, y: usize) {
    let (left, right, up, down) = (x - 5, x + 5, y - 5, y + 5);
    writeln!(svg, "<path class=\"cross\" d=\"M{left} {up}L{right} {down}M{left} {down}L{right} {up}\"/>").unwrap();
}

fn bands(svg: &mut String, rows: &[Row], width: usize) {
    for at in (0..rows.len()).step_by(2) {
        let top = TOP + at * ROW;
        writeln!(svg, "<rect class=\"band\" x=\"2\" y=\"{top}\" width=\"{}\" height=\"{ROW}\" rx=\"4\"/>", width - 4)
            .unwrap();
    }
}

fn legend(svg: &mut String, y: usize) {
    let mut x = 14;
    for (class, says) in [
        ("good", "has a good token"),
        ("without", "has none"),
        ("out", "signed out"),
        ("lock", "holds the lock"),
        ("frozen", "frozen"),
        ("message", "message"),
        ("token", "with a token"),
    ] {
        if matches!(class, "lock" | "frozen") {
            writeln!(svg, "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"22\" height=\"12\" rx=\"4\"/>", y - 6)
                .unwrap();
        } else {
            writeln!(svg, "<path class=\"{class}\" d=\"M{x} {y}h22\"/>").unwrap();
        }
        writeln!(svg, "<text class=\"key\" x=\"{}\" y=\"{}\">{says}</text>", x + 28, y + 4).unwrap();
        x += 28 + says.len() * 6 + 18;
    }
}
