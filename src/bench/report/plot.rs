//! SVG plots: one panel per workload, from top to bottom.

mod axis;
mod bars;
mod curves;
mod panel;
mod series;

use super::environment;
use crate::bench::{Results, Workload};
use panel::Panel;
use plotters::{
    drawing::IntoDrawingArea as _,
    prelude::{Color as _, SVGBackend, Text, WHITE},
    style::IntoFont as _,
};

/// Width of the picture in pixels.
const WIDTH: u32 = 860;
const MARGIN: u32 = 14;
const GAP: u32 = 20;
const SMALL_LINE: u32 = 16;
/// Number of characters that fit in a line of the footer.
const SMALL_WIDTH: usize = 130;

/// Draws the results as SVG.
///
/// # Errors
/// None is known: the picture is drawn to memory.
pub(crate) fn plot(results: &Results) -> anyhow::Result<String> {
    let panels = results.by_workload().filter_map(|(workload, rows)| panel::of(workload, &rows));
    let panels: Vec<Box<dyn Panel>> = panels.collect();
    let lines: Vec<String> =
        footer(results).iter().flat_map(|line| wrapped(line, SMALL_WIDTH)).collect();
    let panel_height: u32 = panels.iter().map(|panel| panel.height() + GAP).sum();
    let height = panel_height + SMALL_LINE * lines.len() as u32 + 2 * MARGIN;

    let mut svg = String::new();
    {
        let mut area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE)?;
        area = area.margin(MARGIN, MARGIN, MARGIN, MARGIN);
        let mut rest = area.clone();
        for panel in &panels {
            let (top, below) = rest.split_vertically(panel.height());
            panel.draw(&top)?;
            rest = below.margin(GAP, 0, 0, 0);
        }
        let small = ("sans-serif", 13).into_font().color(&panel::GRAY.to_rgba());
        for (index, line) in lines.into_iter().enumerate() {
            let top = index as i32 * SMALL_LINE as i32;
            rest.draw(&Text::new(line, (0, top), small.clone()))?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// Returns the text below the panels.
fn footer(results: &Results) -> Vec<String> {
    let mut lines = vec![
        environment::command(&results.environment),
        environment::machine(&results.environment),
        environment::setup(&results.setup),
    ];
    let has_ranges = results.rows.iter().any(|row| {
        matches!(row.case.workload, Workload::Throughput | Workload::FanIn) && row.runs.len() > 1
    });
    if has_ranges {
        lines.push("thin lines: from the slowest to the fastest run".to_owned());
    }
    lines
}

/// Wraps a text between words into lines of at most `most` characters; longer words stay whole.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
