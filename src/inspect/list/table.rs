//! The rows as a table.

use super::row::{SocketEnd, SocketRow};
use crate::{
    diag::{escaped, quoted},
    system::socket_table::{kind_word, user_name},
    text_table::{Column, lines},
};

/// The cell of what is not known, or does not apply.
const NONE: &str = "-";

/// Formats rows as lines. With `all` there are columns for both ends of connections. Names that do
/// not fit into `width` have lines of their own.
pub(crate) fn table(
    rows: &[SocketRow],
    all: bool,
    width: Option<usize>,
    mut print: impl FnMut(&str) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let text = |title, cell: fn(&SocketRow) -> Option<String>| column(rows, title, true, cell);
    let number = |title, cell: fn(&SocketRow) -> Option<String>| column(rows, title, false, cell);
    let mut columns = vec![
        text("NAME", |row| row.name.as_ref().map(|name| quoted(&name.to_string()))),
        text("TYPE", |row| row.kind.map(|kind| kind_word(kind).to_owned())),
    ];
    if all {
        columns.extend([
            text("STATE", |row| Some(row.state.word().to_owned())),
            number("TO-SERVER", |row| row.to_server.map(|bytes| bytes.to_string())),
            number("TO-CLIENT", |row| row.to_client.map(|bytes| bytes.to_string())),
            number("SERVER", |row| pid(row.server.as_ref())),
            text("COMMAND", |row| command(row.server.as_ref())),
            number("CLIENT", |row| pid(row.client.as_ref())),
            text("COMMAND", |row| command(row.client.as_ref())),
            text("USER", |row| user(row.client.as_ref().or(row.server.as_ref()))),
        ]);
    } else {
        columns.extend([
            number("BACKLOG", |row| row.backlog.map(|backlog| backlog.to_string())),
            number("CLIENTS", |row| row.clients.map(|clients| clients.to_string())),
            number("PID", |row| pid(row.server.as_ref())),
            text("COMMAND", |row| command(row.server.as_ref())),
            text("USER", |row| user(row.server.as_ref())),
        ]);
    }
    if rows.iter().any(|row| row.note().is_some()) {
        columns.push(text("NOTE", |row| row.note().map(str::to_owned).or(Some(String::new()))));
    }
    let columns: Vec<&Column> = columns.iter().collect();
    lines(&columns, false, width).try_for_each(|line| print(&line))
}

fn column(
    rows: &[SocketRow],
    title: &str,
    is_text: bool,
    cell: fn(&SocketRow) -> Option<String>,
) -> Column {
    let cells = rows.iter().map(|row| cell(row).unwrap_or_else(|| NONE.to_owned()));
    Column::plain(title, is_text, cells)
}

/// Returns the process ID, with the number of other processes that have the socket open.
fn pid(end: Option<&SocketEnd>) -> Option<String> {
    let end = end?;
    let pid = end.main_process()?.pid;
    let others = end.processes.len() - 1;
    Some(if others == 0 { pid.to_string() } else { format!("{pid}+{others}") })
}

fn command(end: Option<&SocketEnd>) -> Option<String> {
    Some(escaped(&end?.main_process()?.command))
}

fn user(end: Option<&SocketEnd>) -> Option<String> {
    let user = end?.user()?;
    Some(user_name(user).map_or_else(|| user.to_string(), |name| escaped(&name)))
}

// Abstract names are those of Linux.
#[cfg(all(test, target_os = "linux"))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{super::row::fixture, *};

    fn printed(all: bool, width: Option<usize>) -> String {
        let mut text = String::new();
        table(&fixture(), all, width, |line| {
            text += &format!("{line}\n");
            Ok(())
        })
        .unwrap();
        text
    }

    #[test]
    fn tables_look_as_in_the_golden_texts() {
        assert_eq!(printed(false, None), include_str!("golden/listening.txt"));
        assert_eq!(printed(true, None), include_str!("golden/all.txt"));
        assert_eq!(printed(false, Some(70)), include_str!("golden/narrow.txt"));
    }
}
