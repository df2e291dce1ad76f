//! The panel of a workload.

use super::{
    bars::{Bar, Bars},
    curves::{Curve, CurveAxes, Curves},
    series::{SeriesNames, common_text},
};
use crate::bench::{Workload, results::Row, statistics::Figure};
use plotters::{
    chart::ChartContext,
    coord::{
        Shift,
        cartesian::Cartesian2d,
        ranged1d::{Ranged, ValueFormatter},
    },
    drawing::DrawingArea,
    prelude::{BLACK, FontStyle, IntoFont as _, RGBColor, SVGBackend, TRANSPARENT, Text},
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
pub(super) trait Panel {
    /// Returns the height in pixels.
    fn height(&self) -> u32;

    fn draw(&self, area: &Area<'_>) -> anyhow::Result<()>;
}

/// Title of an axis, and what formats its values.
pub(super) type AxisText<'a> = (&'a str, &'a dyn Fn(&f64) -> String);

/// Draws axes and grid lines; without texts of the second axis there are none across it.
pub(super) fn draw_mesh<X, Y>(
    chart: &mut ChartContext<'_, SVGBackend<'_>, Cartesian2d<X, Y>>,
    (x_title, x_label): AxisText<'_>,
    y: Option<AxisText<'_>>,
) -> anyhow::Result<()>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut mesh = chart.configure_mesh();
    mesh.light_line_style(TRANSPARENT)
        .bold_line_style(LIGHT)
        .axis_style(GRAY)
        .x_desc(x_title)
        .x_label_formatter(&x_label)
        .x_labels(7)
        .y_labels(7)
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 15));
    match &y {
        Some((title, label)) => mesh.y_desc(*title).y_label_formatter(label).draw()?,
        None => mesh.disable_y_mesh().y_labels(0).draw()?,
    }
    Ok(())
}

/// Draws the title of a panel.
pub(super) fn draw_title(area: &Area<'_>, title: &str) -> anyhow::Result<()> {
    let bold = ("sans-serif", 18, FontStyle::Bold).into_font();
    Ok(area.draw(&Text::new(title.to_owned(), (0, 0), bold.color(&BLACK)))?)
}

/// Returns the panel of a workload, or `None` if there is nothing to draw.
pub(super) fn of(workload: Workload, rows: &[&Row]) -> Option<Box<dyn Panel>> {
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
) -> Box<dyn Panel> {
    let names = SeriesNames::new(rows, false);
    if rows.iter().all(|row| row.case.size == rows[0].case.size) {
        let bars = rows.iter().map(|row| Bar {
            name: names.name(&row.case),
            style: names.style(&row.case),
            figure: figure(row),
        });
        return Box::new(Bars { title, unit, bars: bars.collect() });
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
    Box::new(Curves { title, axes: CurveAxes::SizesAndFigures(unit), curves })
}

/// Draws the distribution of times as curves over quantiles.
fn quantiles(title: String, rows: &[&Row]) -> Option<Box<dyn Panel>> {
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
    if curves.is_empty() { None } else { Some(Box::new(Curves { title, axes, curves })) }
}
