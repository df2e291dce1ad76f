//! The panel of a workload.

use super::{
    bars::{Bar, Bars},
    curves::{Curve, CurveAxes, Curves},
    series::{SeriesNames, common_text},
};
use crate::bench::{Workload, results::Row, statistics::Figure};
use plotters::{
    coord::Shift,
    drawing::DrawingArea,
    prelude::{RGBColor, SVGBackend},
};

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(super) const GRAY: RGBColor = RGBColor(0x55, 0x55, 0x55);
pub(super) const LIGHT: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

/// Returns the width for names in pixels, estimated from the number of characters because the
/// fonts are unknown.
pub(super) fn width_of_names<'a>(names: impl Iterator<Item = &'a str>) -> u32 {
    let longest = names.map(|name| name.chars().count() as u32).max().unwrap_or_default();
    (8 * longest + 10).clamp(100, 320)
}

/// One panel of the picture.
#[derive(Debug)]
pub(super) enum Panel {
    Curves(Curves),
    Bars(Bars),
}

impl Panel {
    pub(super) fn height(&self) -> u32 {
        match self {
            Self::Curves(curves) => curves.height(),
            Self::Bars(bars) => bars.height(),
        }
    }

    pub(super) fn draw(&self, area: &Area<'_>) -> anyhow::Result<()> {
        match self {
            Self::Curves(curves) => curves.draw(area),
            Self::Bars(bars) => bars.draw(area),
        }
    }
}

/// Returns the panel of a workload, or `None` if there is nothing to draw.
pub(super) fn of(workload: Workload, rows: &[&Row]) -> Option<Panel> {
    let common = common_text(rows);
    match workload {
        Workload::Throughput => {
            let gigabytes = |row: &Row| {
                let Figure { median, min, max } = row.bytes_per_second;
                Figure { median: median / 1e9, min: min / 1e9, max: max / 1e9 }
            };
            Some(figures(format!("Throughput{common}"), "GB/s", rows, gigabytes))
        }
        Workload::FanIn => {
            let messages = |row: &Row| row.messages_per_second;
            Some(figures(format!("Fan-in{common}"), "messages/s", rows, messages))
        }
        Workload::Latency => {
            quantiles(format!("Latency of a message, there and back{common}"), rows)
        }
        Workload::Connect => {
            quantiles(format!("Connection with a message, there and back{common}"), rows)
        }
    }
}

/// Draws figures over message sizes as curves; with a single size, as bars.
fn figures(
    title: String,
    unit: &'static str,
    rows: &[&Row],
    figure: impl Fn(&Row) -> Figure,
) -> Panel {
    let names = SeriesNames::new(rows, false);
    if rows.iter().all(|row| row.case.size == rows[0].case.size) {
        let bars = rows.iter().map(|row| Bar {
            name: names.name(&row.case),
            style: names.style(&row.case),
            figure: figure(row),
        });
        return Panel::Bars(Bars { title, unit, bars: bars.collect() });
    }
    let mut curves: Vec<Curve> = Vec::new();
    for row in rows {
        let name = names.name(&row.case);
        let index = curves.iter().position(|curve| curve.name == name).unwrap_or_else(|| {
            curves.push(Curve::new(name, names.style(&row.case)));
            curves.len() - 1
        });
        let Figure { median, min, max } = figure(row);
        let size = row.case.size.max(1) as f64;
        curves[index].points.push((size, median));
        curves[index].ranges.push((size, min, max));
    }
    for curve in &mut curves {
        curve.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    Panel::Curves(Curves { title, axes: CurveAxes::SizesAndFigures(unit), curves })
}

/// Draws the distribution of times as curves over quantiles.
fn quantiles(title: String, rows: &[&Row]) -> Option<Panel> {
    let names = SeriesNames::new(rows, true);
    let curves = rows.iter().filter_map(|row| {
        let latency = row.latency.as_ref()?;
        let quantiles = latency.quantiles.iter().map(|point| (point.quantile, point.nanoseconds));
        let points = [(0.0, latency.min)].into_iter().chain(quantiles).map(|(quantile, time)| {
            // Logarithms need positive numbers.
            ((1.0 - quantile).max(1e-6), time.max(1) as f64)
        });
        let curve = Curve::new(names.name(&row.case), names.style(&row.case));
        Some(Curve { points: points.collect(), ..curve })
    });
    let curves: Vec<Curve> = curves.collect();
    let axes = CurveAxes::FractionsAndTimes;
    (!curves.is_empty()).then_some(Panel::Curves(Curves { title, axes, curves }))
}
