//! Names, colours and shapes of series.

use crate::bench::{Case, Transport, property::CaseProperty, results::Row};
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
    properties: Vec<CaseProperty>,
    /// Distinct combinations of properties other than the transport; their index is the shape.
    variants: Vec<Case>,
}

impl SeriesNames {
    /// Creates names for these rows. `with_size` is false if sizes are an axis.
    pub(super) fn new(rows: &[&Row], with_size: bool) -> Self {
        let is_used = |property: &CaseProperty| {
            !property.is_common(rows) && (with_size || *property != CaseProperty::Size)
        };
        let properties = CaseProperty::ALL.into_iter().filter(is_used).collect();
        let mut names = Self { properties, variants: Vec::new() };
        for row in rows {
            let variant = names.variant(&row.case);
            if !names.variants.contains(&variant) {
                names.variants.push(variant);
            }
        }
        names
    }

    pub(super) fn name(&self, case: &Case) -> String {
        let texts = self.properties.iter().filter_map(|property| property.text(case));
        texts.fold(case.over.to_string(), |name, text| name + " " + &text)
    }

    pub(super) fn style(&self, case: &Case) -> SeriesStyle {
        let variant = self.variant(case);
        let shape = self.variants.iter().position(|other| *other == variant).unwrap_or_default();
        SeriesStyle { color: color(case.over), shape }
    }

    fn variant(&self, case: &Case) -> Case {
        let has_size = self.properties.contains(&CaseProperty::Size);
        let size = if has_size { case.size } else { 0 };
        Case { over: Transport::Abstract, size, ..case.clone() }
    }
}

/// Returns the common properties of all cases that are not the default, for the title of a panel.
pub(super) fn common_text(rows: &[&Row]) -> String {
    let Some(first) = rows.first().map(|row| &row.case) else { return String::new() };
    let common = CaseProperty::ALL
        .into_iter()
        .filter(|property| !property.is_default(first) && property.is_common(rows));
    let texts: Vec<String> = common.filter_map(|property| property.heading(first)).collect();
    if texts.is_empty() { String::new() } else { format!(" ({})", texts.join(", ")) }
}
