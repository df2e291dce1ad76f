//! `lsock bench`.

mod advice;
mod check;
mod folder;
mod plan;
mod progress;

use super::completions;
use crate::{
    bench::{
        self, Amount, Case, Comparison, Environment, Look, Measure, Outputs, Report, Results,
        Sample, Server, Setup, load, schedule,
        work::{Address, At, Does, Runner, ServerIs},
    },
    cli,
    diag::{Failure, Outcome, Terminal},
    endpoint::Target,
    system,
};
use advice::advised;
use folder::Folder;
use local_socket::Name;
use plan::{Place, Plan};
use progress::Progress;
use std::{
    env,
    io::{IsTerminal as _, stdout},
    time::Duration,
};

/// Measures, and reports.
pub(super) fn run(args: &cli::Bench, terminal: Terminal) -> anyhow::Result<Outcome> {
    let plan = Plan::new(args)?;
    if args.explain {
        return completions::print(plan.to_string().as_bytes());
    }
    // A table or a report goes there, which nobody is to wait for in vain.
    completions::check_stdout()?;
    let old = args.reports.compare.as_deref().map(load).transpose()?;
    if let Some((old, path)) = old.as_ref().zip(args.reports.compare.as_deref()) {
        plan.is_in(old, path)?;
    }
    plan.fits(system::descriptor_limit::raise())?;
    let outputs = outputs(&args.reports)?;
    let results = plan.measure(terminal).map_err(|error| advised(error, &plan))?;
    for warning in &results.warnings {
        tracing::warn!("{warning}; {}", warning.advice());
    }
    // What cannot be done of this does not keep the rest from being done.
    let is_for_people = !outputs.use_stdout();
    let written = outputs.write(&results);
    let compared = old.map(|old| Comparison::new(&old, &results)).transpose();
    let comparison = compared.as_ref().ok().and_then(Option::as_ref);
    let printed = print(is_for_people.then_some(&results), comparison, terminal);
    written.and(printed)?;
    judge(compared?.as_ref(), args.reports.fail_over)
}

/// The files that are asked for.
fn outputs(reports: &cli::Reports) -> Result<Outputs, Failure> {
    let all = [
        (Report::Json, &reports.json),
        (Report::Json, &reports.save),
        (Report::Csv, &reports.csv),
        (Report::Markdown, &reports.markdown),
        (Report::Plot, &reports.plot),
    ];
    Outputs::open(all.iter().filter_map(|(report, path)| Some((*report, path.as_deref()?))))
}

/// The table, unless stdout has got a report, and what has changed.
fn print(
    results: Option<&Results>,
    comparison: Option<&Comparison>,
    terminal: Terminal,
) -> anyhow::Result<()> {
    let color = terminal.colors_stdout();
    let Some(results) = results else {
        if let Some(comparison) = comparison {
            terminal.show(&comparison.text(false));
        }
        return Ok(());
    };
    let mut text = bench::table(results, Look { color, bars: stdout().is_terminal() });
    if let Some(comparison) = comparison {
        text.push('\n');
        text.push_str(&comparison.text(color));
    }
    completions::print(text.as_bytes()).map(drop)
}

/// Whether something is slower than it may be.
fn judge(comparison: Option<&Comparison>, fail_over: Option<f64>) -> anyhow::Result<Outcome> {
    let Some((comparison, percent)) = comparison.zip(fail_over) else {
        return Ok(Outcome::Done);
    };
    let slower = comparison.slower_by_more_than(percent);
    let cases: Vec<String> = slower.iter().map(|change| change.case.to_string()).collect();
    match cases.as_slice() {
        [] => Ok(Outcome::Done),
        [case] => anyhow::bail!("{case} is slower than before by more than {percent} %"),
        [first, rest @ ..] => anyhow::bail!(
            "{} cases are slower than before by more than {percent} %: {first}, {}",
            cases.len(),
            rest.join(", ")
        ),
    }
}

/// Is the server of a measurement that another process makes.
pub(super) fn serve(control: &Name<'static>) -> anyhow::Result<Outcome> {
    system::descriptor_limit::raise();
    bench::work::serve(control)?;
    Ok(Outcome::Done)
}

impl Plan {
    fn measure(&self, terminal: Terminal) -> anyhow::Result<Results> {
        // What stands behind the name of the command.
        let words = env::args_os().map(|word| word.to_string_lossy().into_owned());
        let options = words.skip_while(|word| word != "bench").skip(1).collect();
        let environment = Environment::now(options);
        let (samples, server) = match &self.server {
            Place::At(at, does) => self.be_the_server(at, *does, terminal)?,
            Place::Process => self.be_the_client(ServerIs::Process, Server::Process, terminal)?,
            Place::InProcess => self.be_the_client(ServerIs::Here, Server::InProcess, terminal)?,
            Place::To(target, does) => {
                let (is, name) = (foreign(target, *does)?, target.to_string());
                let server = match does {
                    Does::Discard => Server::ForeignDiscard(name),
                    Does::Echo | Does::Whatever => Server::ForeignEcho(name),
                };
                self.be_the_client(is, server, terminal)?
            }
        };
        let setup = Setup {
            server,
            pin: self.pin.clone(),
            repeat: self.rounds.repeat.get(),
            warmup: self.warmup,
            amount: self.rounds.amount,
        };
        Ok(Results::new(environment, setup, samples))
    }

    fn be_the_client(
        &self,
        is: ServerIs,
        server: Server,
        terminal: Terminal,
    ) -> anyhow::Result<(Measured, Server)> {
        let folder = Folder::new(self)?;
        let mut runner = Runner::new(is, self.pin.clone(), self.warmup, folder.path());
        let measured = folder.result(self.schedule(&mut runner, terminal))?;
        Ok((measured, server))
    }

    fn be_the_server(
        &self,
        at: &Target,
        does: Does,
        terminal: Terminal,
    ) -> anyhow::Result<(Measured, Server)> {
        let api = self.cases[0].api;
        let mut server = At::listen(at, api, does, &self.pin)?;
        terminal.tell(&format!("listening on {}", server.address()?));
        let name = at.to_string();
        let is = match does {
            Does::Discard => Server::OwnDiscard(name),
            Does::Echo | Does::Whatever => Server::OwnEcho(name),
        };
        Ok((self.schedule(&mut server, terminal)?, is))
    }

    fn schedule(&self, measure: &mut dyn Measure, terminal: Terminal) -> anyhow::Result<Measured> {
        let each = match self.rounds.amount {
            Amount::Time(time) => Some(self.warmup.saturating_add(time).saturating_add(STARTING)),
            _ => None,
        };
        let runs = self.cases.len() * self.rounds.repeat.get();
        let mut progress = Progress::new(terminal, runs, each);
        let samples = schedule(&self.cases, self.rounds, measure, &mut progress)?;
        Ok(self.cases.iter().cloned().zip(samples).collect())
    }
}

/// About what a run takes besides its warm-up and its time.
const STARTING: Duration = Duration::from_millis(5);

type Measured = Vec<(Case, Vec<Sample>)>;

fn foreign(target: &Target, does: Does) -> anyhow::Result<ServerIs> {
    let address = match target {
        Target::Tcp(address) => {
            let addresses = address.resolve().map_err(|error| Failure::Connect {
                error: address.error("connect to", &error),
                file: None,
            })?;
            Address::Tcp(addresses.into())
        }
        Target::Name(name) => Address::Local(name.clone()),
        Target::Stdio | Target::Command(_) => anyhow::bail!("{target} is no server"),
    };
    Ok(ServerIs::Foreign(address, does))
}
