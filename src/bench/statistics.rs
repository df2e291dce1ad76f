//! Statistics of several runs.

use serde::{Deserialize, Serialize};

/// Median, minimum and maximum of several values.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Figure {
    /// Returns `None` if there are no values or one is not finite.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        if values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Some(Self { median, min, max })
    }

    /// Returns the distance between minimum and maximum divided by the median.
    pub(crate) fn spread(&self) -> f64 {
        if self.median == 0.0 { 0.0 } else { (self.max - self.min) / self.median }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |values: &[f64]| Figure::of(values.iter().copied());
        assert_eq!(of(&[3.0, 1.0, 2.0]), Some(Figure { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(of(&[4.0, 1.0, 2.0, 8.0]), Some(Figure { median: 3.0, min: 1.0, max: 8.0 }));
        assert_eq!(of(&[5.0]), Some(Figure { median: 5.0, min: 5.0, max: 5.0 }));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[1.0, f64::NAN]), None);
    }

    #[test]
    fn the_spread_is_relative_to_the_median() {
        let spread = |values: [f64; 3]| Figure::of(values).map(|figure| figure.spread());
        assert_eq!(spread([90.0, 100.0, 115.0]), Some(0.25));
        assert_eq!(spread([7.0; 3]), Some(0.0));
        assert_eq!(spread([0.0; 3]), Some(0.0));
    }
}
