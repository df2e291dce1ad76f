//! Axes and their labels.

use crate::bench::case::size_text;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::ops::Range;

/// A linear axis with explicit ticks. Values on logarithmic axes are converted to positions first
/// ([`size_place`], [`quantile_place`], [`time_place`]).
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) title: &'static str,
    pub(super) range: Range<f64>,
    /// Position and text of each tick.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Creates an axis from zero to a little more than the greatest value.
    pub(super) fn from_zero(title: &'static str, greatest: f64) -> Self {
        let greatest = if greatest > 0.0 { greatest } else { 1.0 };
        let rough = greatest / 6.0;
        let power = 10_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let step = steps.into_iter().find(|step| *step >= rough).unwrap_or(greatest);
        let ticks = (0..=7).map(|index| f64::from(index) * step);
        let ticks = ticks.filter(|value| *value <= greatest * 1.08);
        Self {
            title,
            range: 0.0..greatest * 1.08,
            ticks: ticks.map(|value| (value, number(value))).collect(),
        }
    }

    /// Creates a logarithmic axis of sizes (base 2).
    pub(super) fn of_sizes(title: &'static str, sizes: &[usize]) -> Self {
        let places = sizes.iter().map(|size| (size_place(*size), size_text(*size)));
        let mut places: Vec<(f64, String)> = places.collect();
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (least, greatest) = ends(places.iter().map(|(place, _)| *place));
        let width = (greatest - least).max(1.0);
        // Leaves out ticks that would overlap.
        let mut ticks: Vec<(f64, String)> = Vec::new();
        for (place, text) in places {
            if ticks.last().is_none_or(|(last, _)| place - last >= width * 0.07) {
                ticks.push((place, text));
            }
        }
        Self { title, range: least - width * 0.04..greatest + width * 0.04, ticks }
    }

    /// Creates an axis of quantiles on which each further nine takes the same distance.
    pub(super) fn of_quantiles(title: &'static str, greatest: f64) -> Self {
        let ticks = [
            (0.0, "0"),
            (0.5, "50 %"),
            (0.9, "90 %"),
            (0.99, "99 %"),
            (0.999, "99.9 %"),
            (0.9999, "99.99 %"),
        ];
        let end = quantile_place(greatest).max(1.0);
        let ticks = ticks.map(|(quantile, text)| (quantile_place(quantile), text.to_owned()));
        let ticks = ticks.into_iter().filter(|(place, _)| *place <= end + 1e-6);
        Self { title, range: 0.0..end * 1.02, ticks: ticks.collect() }
    }

    /// Creates a logarithmic axis of times (base 10).
    pub(super) fn of_times(title: &'static str, times: impl Iterator<Item = u64>) -> Self {
        let (least, greatest) = ends(times.map(time_place));
        // A margin, because a line at the edge is hard to see.
        let range = (least - 0.08).max(0.0)..greatest + 0.08;
        let width = range.end - range.start;
        let factors: &[u64] = match width {
            _ if width > 4.0 => &[1],
            _ if width > 1.6 => &[1, 3],
            _ if width > 0.7 => &[1, 2, 5],
            _ => &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        };
        let decades = (0..20).filter_map(|power| 10_u64.checked_pow(power));
        let times = decades
            .flat_map(|ten| factors.iter().filter_map(move |factor| ten.checked_mul(*factor)));
        let mut ticks: Vec<(f64, String)> = times
            .map(|time| (time_place(time), time_text(time)))
            .filter(|(place, _)| range.contains(place))
            .collect();
        if ticks.is_empty() {
            ticks = [range.start, range.end]
                .map(|place| (place, time_text(10_f64.powf(place) as u64)))
                .to_vec();
        }
        Self { title, range, ticks }
    }

    /// Creates an axis of names from top to bottom, each in the middle of its interval.
    pub(super) fn of_names(names: impl Iterator<Item = String>) -> Self {
        let ticks = names.enumerate().map(|(index, name)| (index as f64 + 0.5, name));
        let ticks: Vec<(f64, String)> = ticks.collect();
        Self { title: "", range: ticks.len() as f64..0.0, ticks }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let part = (value - self.range.start) / (self.range.end - self.range.start);
        from + (part * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Light points are lines without a label; there are none.
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.iter().map(|(place, _)| *place).collect()
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, place: &f64) -> String {
        let tick = self.ticks.iter().find(|(tick, _)| tick == place);
        tick.map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

pub(super) fn size_place(size: usize) -> f64 {
    (size.max(1) as f64).log2()
}

pub(super) fn quantile_place(quantile: f64) -> f64 {
    -(1.0 - quantile.clamp(0.0, 0.999_999)).log10()
}

pub(super) fn time_place(nanoseconds: u64) -> f64 {
    (nanoseconds.max(1) as f64).log10()
}

/// Returns minimum and maximum; (0, 1) if there are no values.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let ends = values.fold(None, |ends: Option<(f64, f64)>, value| match ends {
        None => Some((value, value)),
        Some((least, greatest)) => Some((least.min(value), greatest.max(value))),
    });
    ends.unwrap_or((0.0, 1.0))
}

/// Examples: `0.25`, `40`, `250k`, `1.2M`.
pub(super) fn number(value: f64) -> String {
    for (unit, word) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if value >= unit * 1e6 {
            return format!("{value:.1e}");
        }
        if value >= unit {
            return format!("{}{word}", short(value / unit));
        }
    }
    short(value)
}

/// Formats three digits without trailing zeros.
fn short(value: f64) -> String {
    let decimals = match value {
        _ if value < 0.0995 => 4,
        _ if value < 0.995 => 3,
        _ if value < 9.95 => 2,
        _ if value < 99.5 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Examples: `500 ns`, `20 µs`, `3 ms`.
fn time_text(nanoseconds: u64) -> String {
    let value = nanoseconds as f64;
    match nanoseconds {
        ..1000 => format!("{nanoseconds} ns"),
        1000..1_000_000 => format!("{} µs", short(value / 1e3)),
        1_000_000..1_000_000_000 => format!("{} ms", short(value / 1e6)),
        _ => format!("{} s", number(value / 1e9)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (0.0123, "0.0123"),
            (0.25, "0.25"),
            (2.0, "2"),
            (45.67, "45.7"),
            (250_000.0, "250k"),
            (1_234_000.0, "1.23M"),
            (5e9, "5G"),
            (1e300, "1.0e300"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn an_axis_has_round_numbers() {
        assert_eq!(texts(&Axis::from_zero("", 4.4)), ["0", "1", "2", "3", "4"]);
        assert_eq!(texts(&Axis::from_zero("", 910_000.0)), ["0", "200k", "400k", "600k", "800k"]);
        assert_eq!(texts(&Axis::from_zero("", 0.0)), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
    }

    #[test]
    fn ticks_of_sizes_do_not_overlap() {
        let axis = Axis::of_sizes("", &[64, 1 << 12, 1 << 16, (1 << 16) + 1, 1 << 20]);
        assert_eq!(texts(&axis), ["64", "4K", "64K", "1M"]);
        assert_eq!(texts(&Axis::of_sizes("", &[0])), ["0"]);
    }

    #[test]
    fn only_known_quantiles_have_ticks() {
        assert_eq!(texts(&Axis::of_quantiles("", 0.99)), ["0", "50 %", "90 %", "99 %"]);
        assert_eq!(texts(&Axis::of_quantiles("", 0.0)), ["0", "50 %", "90 %"]);
    }

    #[test]
    fn times_have_units() {
        let of = |times: &[u64]| Axis::of_times("", times.iter().copied());
        assert_eq!(texts(&of(&[800, 30_000])), ["1 µs", "3 µs", "10 µs", "30 µs"]);
        assert_eq!(texts(&of(&[0, 10_000_000_000]))[..2], ["1 ns", "10 ns"]);
        // Times that are close together have ticks, too.
        assert!(of(&[12_345, 12_346]).ticks.len() > 1 || !of(&[12_345]).ticks.is_empty());
        assert!(!of(&[]).ticks.is_empty());
        assert!(!of(&[u64::MAX]).ticks.is_empty());
    }
}
