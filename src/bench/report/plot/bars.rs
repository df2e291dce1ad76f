//! Horizontal bars, with names on the left and figures on the right.

use super::{
    panel::{Area, GRAY, LIGHT, width_of_names},
    scale::Axis,
    series::SeriesStyle,
};
use crate::bench::statistics::Figure;
use plotters::{
    chart::ChartBuilder,
    element::{EmptyElement, PathElement, Rectangle},
    prelude::{BLACK, Color as _, FontStyle, IntoFont as _, Text, WHITE},
    style::text_anchor::{HPos, Pos, VPos},
};

#[derive(Debug)]
pub(super) struct Bars {
    pub(super) title: String,
    pub(super) axis: Axis,
    pub(super) bars: Vec<Bar>,
}

#[derive(Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) style: SeriesStyle,
    pub(super) figure: Figure,
    /// Text of the median, drawn beside the bar.
    pub(super) text: String,
}

const TITLE: u32 = 30;
const LINE: u32 = 28;
const LABELS: u32 = 46;
/// Width for the figures beside the bars.
const FIGURES: u32 = 90;

impl Bars {
    pub(super) fn height(&self) -> u32 {
        TITLE + LINE * self.bars.len() as u32 + LABELS
    }

    pub(super) fn draw(&self, area: &Area<'_>) -> anyhow::Result<()> {
        let bold = ("sans-serif", 18, FontStyle::Bold).into_font();
        area.draw(&Text::new(self.title.clone(), (0, 0), bold.color(&BLACK)))?;
        let names = Axis::of_names(self.bars.iter().map(|bar| bar.name.clone()));
        let mut chart = ChartBuilder::on(area)
            .margin_top(TITLE)
            .margin_right(FIGURES)
            .x_label_area_size(LABELS)
            .y_label_area_size(width_of_names(self.bars.iter().map(|bar| bar.name.as_str())))
            .build_cartesian_2d(self.axis.clone(), names)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .bold_line_style(LIGHT)
            .axis_style(GRAY)
            .x_desc(self.axis.title)
            .label_style(("sans-serif", 14))
            .axis_desc_style(("sans-serif", 15))
            .draw()?;
        let text =
            ("sans-serif", 14).into_font().color(&BLACK).pos(Pos::new(HPos::Left, VPos::Center));
        for (index, bar) in self.bars.iter().enumerate() {
            let middle = index as f64 + 0.5;
            let Figure { median, min, max } = bar.figure;
            let corners = [(0.0, middle - 0.33), (median, middle + 0.33)];
            // The first variant has the darkest colour.
            let color = bar.style.color.mix(1.0 / (1.0 + 0.6 * bar.style.shape as f64));
            // A white bar below hides the grid lines.
            for color in [WHITE.to_rgba(), color] {
                chart.draw_series([Rectangle::new(corners, color.filled())])?;
            }
            chart.draw_series([PathElement::new(vec![(min, middle), (max, middle)], BLACK)])?;
            chart.plotting_area().draw(
                &(EmptyElement::at((max, middle))
                    + Text::new(bar.text.clone(), (6, 0), text.clone())),
            )?;
        }
        Ok(())
    }
}
