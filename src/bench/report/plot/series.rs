//! Names, colours and shapes of series.

use crate::bench::{Api, Case, Transport, case::size_text, results::Row};
use plotters::style::RGBColor;

/// Colour of the transport, the same in all panels, and a shape for everything else.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct SeriesStyle {
    pub(super) color: RGBColor,
    pub(super) shape: usize,
}

/// Returns a colour of Okabe and Ito's palette, which most people can tell apart.
fn color(over: Transport) -> RGBColor {
    match over {
        Transport::File => RGBColor(0xd5, 0x5e, 0x00),
        Transport::Abstract => RGBColor(0x00, 0x72, 0xb2),
        Transport::Pipe => RGBColor(0x00, 0x9e, 0x73),
        Transport::Socketpair => RGBColor(0xe6, 0x9f, 0x00),
        Transport::Tcp => RGBColor(0xcc, 0x79, 0xa7),
    }
}

/// Names the cases of a panel by the properties in which they differ.
pub(super) struct SeriesNames {
    api: bool,
    clients: bool,
    both_ways: bool,
    rate: bool,
    size: bool,
    /// Distinct combinations of properties other than the transport; their index is the shape.
    variants: Vec<Case>,
}

impl SeriesNames {
    /// Creates names for these rows. `with_size` is false if sizes are an axis.
    pub(super) fn new(rows: &[&Row], with_size: bool) -> Self {
        let differ =
            |same: fn(&Case, &Case) -> bool| rows.iter().any(|row| !same(&row.case, &rows[0].case));
        let mut names = Self {
            api: differ(|a, b| a.api == b.api),
            clients: differ(|a, b| a.clients == b.clients),
            both_ways: differ(|a, b| a.both_ways == b.both_ways),
            rate: differ(|a, b| a.rate == b.rate),
            size: with_size && differ(|a, b| a.size == b.size),
            variants: Vec::new(),
        };
        for row in rows {
            let variant = names.variant(&row.case);
            if !names.variants.contains(&variant) {
                names.variants.push(variant);
            }
        }
        names
    }

    pub(super) fn name(&self, case: &Case) -> String {
        let mut name = case.over.to_string();
        let parts = [
            self.size.then(|| size_text(case.size)),
            self.api.then(|| case.api.to_string()),
            (self.clients && case.clients == 1).then(|| "1 client".to_owned()),
            (self.clients && case.clients != 1).then(|| format!("{} clients", case.clients)),
            (self.both_ways && case.both_ways).then(|| "both ways".to_owned()),
            case.rate.filter(|_| self.rate).map(|rate| format!("{rate}/s")),
        ];
        for part in parts.into_iter().flatten() {
            name.push(' ');
            name.push_str(&part);
        }
        name
    }

    pub(super) fn style(&self, case: &Case) -> SeriesStyle {
        let variant = self.variant(case);
        let shape = self.variants.iter().position(|other| *other == variant).unwrap_or_default();
        SeriesStyle { color: color(case.over), shape }
    }

    fn variant(&self, case: &Case) -> Case {
        let size = if self.size { case.size } else { 0 };
        Case { over: Transport::Abstract, size, ..case.clone() }
    }
}

/// Returns the common properties of all cases that are not the default, for the title of a panel.
pub(super) fn common_text(rows: &[&Row]) -> String {
    let Some(first) = rows.first().map(|row| &row.case) else { return String::new() };
    let all = |same: fn(&Case, &Case) -> bool| rows.iter().all(|row| same(&row.case, first));
    let parts = [
        all(|a, b| a.size == b.size).then(|| format!("size {}", size_text(first.size))),
        (first.api != Api::Sync && all(|a, b| a.api == b.api)).then(|| first.api.to_string()),
        (first.clients > 1 && all(|a, b| a.clients == b.clients))
            .then(|| format!("{} clients", first.clients)),
        (first.both_ways && all(|a, b| a.both_ways == b.both_ways)).then(|| "both ways".to_owned()),
        first.rate.filter(|_| all(|a, b| a.rate == b.rate)).map(|rate| format!("rate {rate}/s")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}
