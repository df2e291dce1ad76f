//! Ranges, ticks and labels of axes.

use crate::bench::report::number::{TimeUnit, short};
use std::ops::Range;

/// Returns a range from zero to a little more than the greatest value.
pub(super) fn from_zero(values: impl Iterator<Item = f64>) -> Range<f64> {
    let greatest = values.fold(0.0, f64::max);
    0.0..if greatest > 0.0 { greatest.min(1e300) * 1.08 } else { 1.08 }
}

/// Returns a range for a logarithmic axis, with a margin: a line at the edge is hard to see.
pub(super) fn log_range(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let (least, greatest) = (values.clone().fold(f64::MAX, f64::min), values.fold(1.0, f64::max));
    let margin = (greatest / least).max(3.0).powf(0.05);
    least / margin..greatest * margin
}

/// Returns the sizes whose labels do not overlap on a logarithmic axis.
pub(super) fn size_ticks(range: &Range<f64>, sizes: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sizes: Vec<f64> = sizes.collect();
    sizes.sort_by(f64::total_cmp);
    let distance = (range.end / range.start).powf(0.06);
    let mut ticks: Vec<f64> = Vec::new();
    for size in sizes {
        if ticks.last().is_none_or(|last| size / last >= distance) {
            ticks.push(size);
        }
    }
    ticks
}

/// Returns round times in nanoseconds within the range: plotters would label only the powers of
/// ten, of which there may be none.
pub(super) fn time_ticks(range: &Range<f64>) -> Vec<f64> {
    let factors: &[f64] = match (range.end / range.start).log10() {
        decades if decades > 4.0 => &[1.0],
        decades if decades > 0.7 => &[1.0, 2.0, 5.0],
        _ => &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
    };
    let times = (-1..20).flat_map(|power| factors.iter().map(move |x| x * 10_f64.powi(power)));
    times.filter(|time| range.contains(time)).collect()
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

/// Examples: `0.5 µs`, `20 µs`, `3 ms`.
pub(super) fn time(nanoseconds: f64) -> String {
    let unit = TimeUnit::of(nanoseconds as u64);
    format!("{} {}", number(unit.convert(nanoseconds)), unit.word())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn ticks_of_sizes_do_not_overlap() {
        let ticks = |sizes: &[f64]| {
            let sizes = sizes.iter().copied();
            size_ticks(&log_range(sizes.clone()), sizes)
        };
        assert_eq!(ticks(&[64.0, 4096.0, 65536.0, 65537.0, 1e6]), [64.0, 4096.0, 65536.0, 1e6]);
        assert_eq!(ticks(&[1.0]), [1.0]);
    }

    #[test]
    fn ticks_of_times_are_round() {
        let texts = |from: f64, to: f64| -> Vec<String> {
            time_ticks(&log_range([from, to].into_iter())).into_iter().map(time).collect()
        };
        assert_eq!(texts(9e3, 110e3), ["10 µs", "20 µs", "50 µs", "100 µs"]);
        assert_eq!(
            texts(400.0, 900.0),
            ["0.4 µs", "0.5 µs", "0.6 µs", "0.7 µs", "0.8 µs", "0.9 µs"]
        );
        assert_eq!(texts(1e3, 1e6).len(), 10);
        assert_eq!(texts(1e3, 1e10).len(), 8);
    }
}
