use super::{Api, Case, case::size_text, results::Row};

/// A property in which cases of a workload differ, apart from the transport.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum CaseProperty {
    Size,
    Api,
    Clients,
    BothWays,
    Rate,
}

impl CaseProperty {
    pub(crate) const ALL: [Self; 5] =
        [Self::Size, Self::Api, Self::Clients, Self::BothWays, Self::Rate];

    /// Returns whether the case has the default, which is not mentioned. Sizes always are.
    pub(crate) fn is_default(self, case: &Case) -> bool {
        match self {
            Self::Size => false,
            Self::Api => case.api == Api::Sync,
            Self::Clients => case.clients == 1,
            Self::BothWays => !case.both_ways,
            Self::Rate => case.rate.is_none(),
        }
    }

    /// Returns whether all rows have the same value.
    pub(crate) fn is_common(self, rows: &[&Row]) -> bool {
        rows.iter().all(|row| self.cell(&row.case) == self.cell(&rows[0].case))
    }

    /// Returns the title of the column in tables.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Api => "api",
            Self::Clients => "clients",
            Self::BothWays => "ways",
            Self::Rate => "rate",
        }
    }

    /// Formats the value for a cell of that column.
    pub(crate) fn cell(self, case: &Case) -> String {
        match self {
            Self::Size => size_text(case.size),
            Self::Api => case.api.to_string(),
            Self::Clients => case.clients.to_string(),
            Self::BothWays => if case.both_ways { "both" } else { "one" }.to_owned(),
            Self::Rate => case.rate.map_or_else(|| "-".to_owned(), |rate| rate.to_string()),
        }
    }

    /// Formats the value beside others. Examples: `64K`, `tokio`, `4 clients`, `both ways`,
    /// `500/s`; nothing without a rate or with one way.
    pub(crate) fn text(self, case: &Case) -> Option<String> {
        match self {
            Self::Size | Self::Api => Some(self.cell(case)),
            Self::Clients if case.clients == 1 => Some("1 client".to_owned()),
            Self::Clients => Some(format!("{} clients", case.clients)),
            Self::BothWays => case.both_ways.then(|| "both ways".to_owned()),
            Self::Rate => case.rate.map(|rate| format!("{rate}/s")),
        }
    }

    /// Formats the value in a heading: `size 64K`, `rate 500/s`, others as [`Self::text`].
    pub(crate) fn heading(self, case: &Case) -> Option<String> {
        let text = self.text(case)?;
        let has_title = matches!(self, Self::Size | Self::Rate);
        Some(if has_title { format!("{} {text}", self.title()) } else { text })
    }
}
