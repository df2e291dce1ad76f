//! Formats numbers for people.

/// Formats the numbers of a column with the same number of decimals: enough for three digits of
/// the smallest one, but at most three. `None` becomes `-`.
pub(in crate::bench) fn column(values: &[Option<f64>]) -> Vec<String> {
    let known = values.iter().flatten().copied().filter(|value| *value > 0.0);
    fixed(values, decimals(known.min_by(f64::total_cmp).unwrap_or(f64::INFINITY)))
}

/// Formats numbers with `decimals` decimals each.
pub(in crate::bench) fn fixed(values: &[Option<f64>], decimals: usize) -> Vec<String> {
    values.iter().map(|value| text(*value, |value| format!("{value:.decimals$}"))).collect()
}

fn text(value: Option<f64>, format: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), format)
}

/// Returns the number of decimals that three digits of `value` take.
fn decimals(value: f64) -> usize {
    match value {
        _ if value < 0.9995 => 3,
        _ if value < 9.995 => 2,
        _ if value < 99.95 => 1,
        _ => 0,
    }
}

/// Formats three digits without trailing zeros.
pub(super) fn short(value: f64) -> String {
    let decimals = if value < 0.0995 { 4 } else { decimals(value) };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Unit of times.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::bench) enum TimeUnit {
    Microseconds,
    Milliseconds,
    Seconds,
}

impl TimeUnit {
    /// Returns the largest unit that this time has at least one of, but at least microseconds.
    pub(in crate::bench) fn of(nanoseconds: u64) -> Self {
        match nanoseconds {
            ..1_000_000 => Self::Microseconds,
            1_000_000..1_000_000_000 => Self::Milliseconds,
            _ => Self::Seconds,
        }
    }

    /// Converts nanoseconds to this unit.
    pub(in crate::bench) fn convert(self, nanoseconds: f64) -> f64 {
        nanoseconds
            / match self {
                Self::Microseconds => 1e3,
                Self::Milliseconds => 1e6,
                Self::Seconds => 1e9,
            }
    }

    pub(in crate::bench) fn word(self) -> &'static str {
        match self {
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_three_digits_of_its_smallest_number() {
        let texts = |values: &[f64]| column(&values.iter().copied().map(Some).collect::<Vec<_>>());
        assert_eq!(texts(&[0.0512, 12.3456]), ["0.051", "12.346"]);
        assert_eq!(texts(&[0.9994]), ["0.999"]);
        assert_eq!(texts(&[0.9995]), ["1.00"]);
        assert_eq!(texts(&[1.0, 250.0]), ["1.00", "250.00"]);
        assert_eq!(texts(&[9.995, 1000.0]), ["10.0", "1000.0"]);
        assert_eq!(texts(&[99.95, 0.0]), ["100", "0"]);
        assert_eq!(texts(&[1_234_567.8]), ["1234568"]);
        assert_eq!(texts(&[0.0]), ["0"]);
        assert_eq!(texts(&[]), [""; 0]);
    }

    #[test]
    fn unknown_numbers_are_dashes() {
        assert_eq!(column(&[None, Some(2.0), None]), ["-", "2.00", "-"]);
        assert_eq!(fixed(&[None, Some(2.0)], 0), ["-", "2"]);
    }

    #[test]
    fn times_have_a_unit_that_is_readable() {
        assert_eq!(TimeUnit::of(0), TimeUnit::Microseconds);
        assert_eq!(TimeUnit::of(999_999), TimeUnit::Microseconds);
        assert_eq!(TimeUnit::of(1_000_000), TimeUnit::Milliseconds);
        assert_eq!(TimeUnit::of(1_000_000_000), TimeUnit::Seconds);
        assert_eq!(TimeUnit::Microseconds.convert(1500.0), 1.5);
        assert_eq!(TimeUnit::Milliseconds.convert(2e6), 2.0);
        assert_eq!(TimeUnit::Seconds.convert(u64::MAX as f64), 18_446_744_073.709_553);
    }
}
