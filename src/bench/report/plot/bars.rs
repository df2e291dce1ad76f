//! Horizontal bars, with names on the left and figures on the right.

use super::{
    axis::{from_zero, number},
    panel::{Area, Panel, draw_mesh, draw_title, width_of_names},
    series::SeriesStyle,
};
use crate::bench::statistics::Figure;
use plotters::{
    chart::ChartBuilder,
    element::{EmptyElement, PathElement, Rectangle},
    prelude::{BLACK, Color as _, IntoFont as _, Text, WHITE},
    style::text_anchor::{HPos, Pos, VPos},
};

#[derive(Debug)]
pub(super) struct Bars {
    pub(super) title: String,
    pub(super) unit: &'static str,
    pub(super) bars: Vec<Bar>,
}

#[derive(Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) style: SeriesStyle,
    pub(super) figure: Figure,
}

const TITLE: u32 = 30;
const LINE: u32 = 28;
const LABELS: u32 = 46;
/// Width for the figures beside the bars.
const FIGURES: u32 = 90;

impl Panel for Bars {
    fn height(&self) -> u32 {
        TITLE + LINE * self.bars.len() as u32 + LABELS
    }

    fn draw(&self, area: &Area<'_>) -> anyhow::Result<()> {
        draw_title(area, &self.title)?;
        let mut chart = ChartBuilder::on(area)
            .margin_top(TITLE)
            .margin_right(FIGURES)
            .x_label_area_size(LABELS)
            .y_label_area_size(width_of_names(self.bars.iter().map(|bar| bar.name.as_str())))
            .build_cartesian_2d(
                from_zero(self.bars.iter().map(|bar| bar.figure.max)),
                self.bars.len() as f64..0.0,
            )?;
        draw_mesh(&mut chart, (self.unit, &|value| number(*value)), None)?;
        let text =
            |side| ("sans-serif", 14).into_font().color(&BLACK).pos(Pos::new(side, VPos::Center));
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
            for (x, distance, side, label) in
                [(0.0, -6, HPos::Right, bar.name.clone()), (max, 6, HPos::Left, number(median))]
            {
                let label = Text::new(label, (distance, 0), text(side));
                chart.plotting_area().draw(&(EmptyElement::at((x, middle)) + label))?;
            }
        }
        Ok(())
    }
}
