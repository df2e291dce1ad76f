use crate::{
    cli,
    diag::{Failure, Outcome, Terminal},
    inspect::name::{NameReport, Prober, json, text},
    system::{SocketQuery, stdout},
};

/// Prints what is known about each name. The exit status is that of the worst answer.
pub(super) fn run(args: &cli::NameCommand, terminal: Terminal) -> Result<Outcome, Failure> {
    let is_quiet = terminal.is_quiet();
    if !is_quiet {
        stdout::check()?;
    }
    let query = match is_quiet {
        true => SocketQuery::IsListening,
        false => SocketQuery::Processes { clients: args.clients },
    };
    let prober = args.probe.map(Prober::start);
    let mut answer = Outcome::Done;
    for (index, name) in args.names.iter().enumerate() {
        let outcome = match &prober {
            Some(prober) if is_quiet => prober.probe(name).outcome(),
            _ => {
                let report = NameReport::new(name, query, prober.as_ref());
                if !is_quiet {
                    let printed = match args.json {
                        true => json(&report),
                        false => text(&report, index == 0, terminal.colors_stdout()),
                    };
                    stdout::print(printed.as_bytes())?;
                }
                report.outcome()
            }
        };
        answer = answer.worse(outcome);
    }
    Ok(answer)
}
