//! Lines with markers, and a legend.

use super::{
    axis::{from_zero, log_range, number, size_ticks, time, time_ticks},
    panel::{Area, AxisText, Panel, draw_mesh, draw_title, width_of_names},
    series::SeriesStyle,
};
use crate::bench::case::size_text;
use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::{
        cartesian::Cartesian2d,
        combinators::{BindKeyPoints as _, IntoLogRange as _},
        ranged1d::{Ranged, ValueFormatter},
    },
    element::{Circle, Cross, DynElement, IntoDynElement as _, PathElement, TriangleMarker},
    prelude::{BLACK, Color as _, IntoFont as _, SVGBackend, Text},
    series::{DashedLineSeries, LineSeries},
};

#[derive(Debug)]
pub(super) struct Curves {
    pub(super) title: String,
    pub(super) axes: CurveAxes,
    pub(super) curves: Vec<Curve>,
}

/// What the points of curves are.
#[derive(Copy, Clone, Debug)]
pub(super) enum CurveAxes {
    /// Sizes of messages, and figures in this unit.
    SizesAndFigures(&'static str),
    /// Fractions of messages that took longer, and times in nanoseconds.
    FractionsAndTimes,
}

#[derive(Debug)]
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) style: SeriesStyle,
    pub(super) points: Vec<(f64, f64)>,
    /// Ranges of the runs: x, minimum, maximum.
    pub(super) ranges: Vec<(f64, f64, f64)>,
}

impl Curve {
    pub(super) fn new(name: String, style: SeriesStyle) -> Self {
        Self { name, style, points: Vec::new(), ranges: Vec::new() }
    }
}

/// Minimum height of a panel; a long legend takes more.
const HEIGHT: u32 = 330;
const LEGEND_TOP: i32 = 42;
const LEGEND_LINE: i32 = 20;
/// Width of the line sample in the legend.
const SAMPLE: u32 = 40;

impl Panel for Curves {
    fn height(&self) -> u32 {
        HEIGHT.max((LEGEND_TOP + LEGEND_LINE * self.curves.len() as i32) as u32)
    }

    fn draw(&self, area: &Area<'_>) -> anyhow::Result<()> {
        let (width, _) = area.dim_in_pixel();
        let names = self.curves.iter().map(|curve| curve.name.as_str());
        let legend = SAMPLE + width_of_names(names);
        let (left, right) = area.split_horizontally(width.saturating_sub(legend));
        draw_title(area, &self.title)?;
        let points = self.curves.iter().flat_map(|curve| curve.points.iter().copied());
        let (x, y) = (points.clone().map(|point| point.0), points.map(|point| point.1));
        let mut builder = ChartBuilder::on(&left);
        builder.margin_top(30).margin_right(10).x_label_area_size(46).y_label_area_size(70);
        match self.axes {
            CurveAxes::SizesAndFigures(unit) => {
                let sizes = log_range(x.clone());
                let ticks = size_ticks(&sizes, x);
                let ranges = self.curves.iter().flat_map(|curve| &curve.ranges);
                let chart = builder.build_cartesian_2d(
                    sizes.log_scale().with_key_points(ticks),
                    from_zero(ranges.map(|range| range.2)),
                )?;
                let size = |size: &f64| size_text(size.round() as usize);
                self.draw_chart(chart, ("bytes of a message", &size), (unit, &|y| number(*y)))?;
            }
            CurveAxes::FractionsAndTimes => {
                // Each further nine takes the same distance.
                let least = x.fold(0.1, f64::min);
                let ticks = [1.0, 0.5, 1e-1, 1e-2, 1e-3, 1e-4];
                let ticks = ticks.into_iter().filter(|tick| *tick > least * 0.99).collect();
                let times = log_range(y);
                let time_ticks = time_ticks(&times);
                let chart = builder.build_cartesian_2d(
                    (1.0..least.powf(1.02)).log_scale().with_key_points(ticks),
                    times.log_scale().with_key_points(time_ticks),
                )?;
                let title = "fraction of messages that took at most this time";
                let percent = |longer: &f64| match ((1.0 - longer) * 1e4).round() / 1e2 {
                    0.0 => "0".to_owned(),
                    percent => format!("{percent} %"),
                };
                self.draw_chart(chart, (title, &percent), ("time", &|y| time(*y)))?;
            }
        }
        self.draw_legend(&right)
    }
}

impl Curves {
    /// Draws the curves; each axis has a title and labels.
    fn draw_chart<X, Y>(
        &self,
        mut chart: ChartContext<'_, SVGBackend<'_>, Cartesian2d<X, Y>>,
        x: AxisText<'_>,
        y: AxisText<'_>,
    ) -> anyhow::Result<()>
    where
        X: Ranged<ValueType = f64> + ValueFormatter<f64>,
        Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        draw_mesh(&mut chart, x, Some(y))?;
        for curve in &self.curves {
            let SeriesStyle { color, shape } = curve.style;
            let points = || curve.points.iter().copied();
            chart.draw_series(curve.ranges.iter().map(|(x, least, greatest)| {
                PathElement::new(vec![(*x, *least), (*x, *greatest)], color.mix(0.5))
            }))?;
            let line = color.stroke_width(2);
            if shape == 0 {
                chart.draw_series(LineSeries::new(points(), line))?;
            } else {
                chart.draw_series(DashedLineSeries::new(points(), 6, 2 + shape as i32, line))?;
            }
            chart.draw_series(points().map(|point| marker(point, curve.style)))?;
        }
        Ok(())
    }

    fn draw_legend(&self, area: &Area<'_>) -> anyhow::Result<()> {
        let text = ("sans-serif", 15).into_font().color(&BLACK);
        for (index, curve) in self.curves.iter().enumerate() {
            let SeriesStyle { color, shape } = curve.style;
            let middle = LEGEND_TOP + index as i32 * LEGEND_LINE;
            // Two strokes represent a dashed line.
            let strokes: &[(i32, i32)] = if shape == 0 { &[(4, 32)] } else { &[(4, 12), (24, 32)] };
            for (from, to) in strokes {
                let ends = vec![(*from, middle), (*to, middle)];
                area.draw(&PathElement::new(ends, color.stroke_width(2)))?;
            }
            area.draw(&marker((18, middle), curve.style))?;
            area.draw(&Text::new(curve.name.clone(), (SAMPLE as i32, middle - 6), text.clone()))?;
        }
        Ok(())
    }
}

/// Returns the marker of a point.
fn marker<'a, C: Clone + 'static>(
    point: C,
    style: SeriesStyle,
) -> DynElement<'static, SVGBackend<'a>, C> {
    let SeriesStyle { color, shape } = style;
    match shape % 4 {
        0 => Circle::new(point, 3, color.filled()).into_dyn(),
        1 => TriangleMarker::new(point, 5, color.filled()).into_dyn(),
        2 => Cross::new(point, 4, color.stroke_width(2)).into_dyn(),
        _ => Circle::new(point, 4, color).into_dyn(),
    }
}
