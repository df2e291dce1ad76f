//! One table of all work: the limit, lsock, and the best of the other programs.

use super::{
    row::Row,
    table::{Table, figure, median, ratio},
};
use std::fmt::{self, Display, Formatter};

/// Which of two figures is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Better {
    More,
    Less,
}

/// The other programs; all other rows are lsock's and those of bare programs.
const PEERS: [&str; 4] = ["socat", "systemd-socket-proxyd", "OpenBSD nc", "ncat"];

/// The lines of tables that have been made.
#[derive(Debug, Default)]
pub(super) struct Summary {
    lines: Vec<String>,
}

impl Summary {
    /// Adds a line for each column of the table that belongs to a summary.
    pub(super) fn add(&mut self, table: &Table) {
        let rows = || table.rows.iter().filter(|row| row.failure.is_none());
        let limit = rows().find(|row| row.name == table.base);
        let lsock = rows().find(|row| row.name.starts_with("lsock"));
        for (index, column) in table.columns.iter().enumerate() {
            let Some((work, better)) = &column.summary else { continue };
            let sign = if *better == Better::More { 1.0 } else { -1.0 };
            let peer = rows()
                .filter(|row| PEERS.iter().any(|name| row.name.starts_with(name)))
                .filter_map(|row| Some((row, sign * median(&row.figures(index))?)))
                .max_by(|(_, one), (_, other)| one.total_cmp(other))
                .map(|(row, _)| row);
            let text = |row: Option<&Row>| {
                let figure = row
                    .and_then(|row| median(&row.figures(index)))
                    .map(|middle| figure(middle, column.digits));
                figure.unwrap_or_else(|| "–".to_owned())
            };
            let compared = |to: Option<&Row>| {
                let ratios = lsock.zip(to).map(|(lsock, to)| lsock.ratios(to, index));
                ratio(&ratios.unwrap_or_default(), column.ratio_digits)
            };
            let named = peer.map_or_else(String::new, |row| format!(" {}", row.name));
            let less = if *better == Better::Less { " (less is better)" } else { "" };
            self.lines.push(format!(
                "| {work}{less} | {} | {} | {} | {}{named} | {} |",
                text(limit),
                text(lsock),
                compared(limit),
                text(peer),
                compared(peer)
            ));
        }
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.lines.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "### lsock, the limit and the best peer\n\n\
             The limit is a bare program that does the same work and nothing else.\n\n\
             | work | limit | lsock | of the limit | best peer | of that peer |\n\
             |---|---|---|---|---|---|"
        )?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
