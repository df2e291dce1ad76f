//! Lines with markers, and a legend.

use super::{
    panel::{Area, GRAY, LIGHT, width_of_names},
    scale::Axis,
    series::SeriesStyle,
};
use plotters::{
    chart::ChartBuilder,
    element::{Circle, Cross, DynElement, IntoDynElement as _, PathElement, TriangleMarker},
    prelude::{BLACK, Color as _, FontStyle, IntoFont as _, SVGBackend, Text},
    series::{DashedLineSeries, LineSeries},
};

#[derive(Debug)]
pub(super) struct Curves {
    pub(super) title: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) curves: Vec<Curve>,
}

#[derive(Debug)]
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) style: SeriesStyle,
    pub(super) points: Vec<(f64, f64)>,
    /// Ranges of the runs: position, minimum, maximum.
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

impl Curves {
    pub(super) fn height(&self) -> u32 {
        HEIGHT.max((LEGEND_TOP + LEGEND_LINE * self.curves.len() as i32) as u32)
    }

    pub(super) fn draw(&self, area: &Area<'_>) -> anyhow::Result<()> {
        let (width, _) = area.dim_in_pixel();
        let names = self.curves.iter().map(|curve| curve.name.as_str());
        let legend = SAMPLE + width_of_names(names);
        let (left, right) = area.split_horizontally(width.saturating_sub(legend));
        let bold = ("sans-serif", 18, FontStyle::Bold).into_font();
        area.draw(&Text::new(self.title.clone(), (0, 0), bold.color(&BLACK)))?;
        let mut chart = ChartBuilder::on(&left)
            .margin_top(30)
            .margin_right(10)
            .x_label_area_size(46)
            .y_label_area_size(70)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        chart
            .configure_mesh()
            .bold_line_style(LIGHT)
            .axis_style(GRAY)
            .x_desc(self.x.title)
            .y_desc(self.y.title)
            .label_style(("sans-serif", 14))
            .axis_desc_style(("sans-serif", 15))
            .draw()?;
        for curve in &self.curves {
            let SeriesStyle { color, shape } = curve.style;
            let points = || curve.points.iter().copied();
            chart.draw_series(curve.ranges.iter().map(|(place, least, greatest)| {
                PathElement::new(vec![(*place, *least), (*place, *greatest)], color.mix(0.5))
            }))?;
            if shape == 0 {
                chart.draw_series(LineSeries::new(points(), color.stroke_width(2)))?;
            } else {
                let gap = 2 + shape as i32;
                chart.draw_series(DashedLineSeries::new(
                    points(),
                    6,
                    gap,
                    color.stroke_width(2),
                ))?;
            }
            chart.draw_series(points().map(|place| marker(place, curve.style)))?;
        }
        self.draw_legend(&right)
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
    place: C,
    style: SeriesStyle,
) -> DynElement<'static, SVGBackend<'a>, C> {
    let SeriesStyle { color, shape } = style;
    match shape % 4 {
        0 => Circle::new(place, 3, color.filled()).into_dyn(),
        1 => TriangleMarker::new(place, 5, color.filled()).into_dyn(),
        2 => Cross::new(place, 4, color.stroke_width(2)).into_dyn(),
        _ => Circle::new(place, 4, color).into_dyn(),
    }
}
