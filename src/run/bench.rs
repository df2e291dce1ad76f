//! `lsock bench`.

mod advice;
mod check;
mod plan;
mod progress;
mod socket_folder;

use crate::{
    bench::{
        self, Amount, Case, Comparison, Environment, Measure, ReportFormat, ReportOutputs, Results,
        RunResult, Sample, Setup, TableStyle, load, schedule,
        work::{ExternalClients, Runner, ServerAddress},
    },
    cli,
    diag::{Failure, Outcome, Terminal},
    endpoint::Target,
    system::{self, stdout},
};
use local_socket::Name;
use plan::BenchPlan;
use progress::BenchProgress;
use socket_folder::SocketFolder;
use std::{
    env,
    io::{self, IsTerminal as _},
    time::Duration,
};

/// Measures and reports.
pub(super) fn run(args: &cli::Bench, terminal: Terminal) -> Result<Outcome, Failure> {
    let plan = BenchPlan::new(args)?;
    if args.explain {
        stdout::print(plan.to_string().as_bytes())?;
        return Ok(Outcome::Done);
    }
    // Fails before the measurement: a table or a report is printed at its end.
    stdout::check()?;
    let old = args.reports.compare.as_deref().map(load).transpose()?;
    let old = old.zip(args.reports.compare.as_deref());
    if let Some((old, path)) = &old {
        plan.check_comparable(old, path)?;
    }
    plan.check_descriptors(system::descriptor_limit::raise())?;
    let outputs = outputs(&args.reports)?;
    let results = plan.measure(terminal).map_err(|error| advice::failure(error, &plan))?;
    for warning in &results.warnings {
        tracing::warn!("{warning}; {}", warning.advice());
    }
    // A failure in one of the following steps does not prevent the others.
    let is_for_people = !outputs.use_stdout();
    let written = outputs.write(&results);
    let compared = old.map(|(old, path)| {
        Comparison::new(&old, &results).ok_or_else(|| Failure::Saved {
            path: path.to_owned(),
            error: anyhow::anyhow!("it contains none of these cases"),
        })
    });
    let compared = compared.transpose();
    let comparison = compared.as_ref().ok().and_then(Option::as_ref);
    let printed = print(is_for_people.then_some(&results), comparison, terminal);
    written.and(printed)?;
    check_slowdowns(compared?.as_ref(), args.reports.fail_over)
}

/// Opens the requested reports.
fn outputs(reports: &cli::ReportOptions) -> Result<ReportOutputs, Failure> {
    let all = [
        (ReportFormat::Json, &reports.json),
        (ReportFormat::Json, &reports.save),
        (ReportFormat::Csv, &reports.csv),
        (ReportFormat::Markdown, &reports.markdown),
        (ReportFormat::Plot, &reports.plot),
    ];
    ReportOutputs::open(all.iter().filter_map(|(report, path)| Some((*report, path.as_deref()?))))
}

/// Prints the table, unless a report goes to stdout, and the comparison.
fn print(
    results: Option<&Results>,
    comparison: Option<&Comparison>,
    terminal: Terminal,
) -> Result<(), Failure> {
    let color = terminal.colors_stdout();
    let Some(results) = results else {
        if let Some(comparison) = comparison {
            terminal.show(&comparison.text(false));
        }
        return Ok(());
    };
    let mut text = bench::table(results, TableStyle { color, bars: io::stdout().is_terminal() });
    if let Some(comparison) = comparison {
        text.push('\n');
        text.push_str(&comparison.text(color));
    }
    stdout::print(text.as_bytes())
}

/// Fails if a case is slower than `--fail-over` allows.
fn check_slowdowns(
    comparison: Option<&Comparison>,
    fail_over: Option<f64>,
) -> Result<Outcome, Failure> {
    let Some((comparison, percent)) = comparison.zip(fail_over) else {
        return Ok(Outcome::Done);
    };
    let slower = comparison.slower_by_more_than(percent);
    let cases: Vec<String> = slower.iter().map(|change| change.case.to_string()).collect();
    Err(Failure::Slower(match cases.as_slice() {
        [] => return Ok(Outcome::Done),
        [case] => format!("{case} is slower than before by more than {percent} %"),
        _ => format!(
            "{} cases are slower than before by more than {percent} %: {}",
            cases.len(),
            cases.join(", ")
        ),
    }))
}

/// Runs the server process, which another `lsock bench` has started.
pub(super) fn serve(control: &Name<'static>) -> Result<Outcome, Failure> {
    system::descriptor_limit::raise();
    bench::work::serve(control)?;
    Ok(Outcome::Done)
}

impl BenchPlan {
    fn measure(&self, terminal: Terminal) -> RunResult<Results> {
        // The words that follow the name of the command.
        let words = env::args_os().map(|word| word.to_string_lossy().into_owned());
        let options = words.skip_while(|word| word != "bench").skip(1).collect();
        let environment = Environment::now(options);
        let samples = match &self.target {
            Some(target) if self.server.has_foreign_clients() => {
                self.measure_as_server(target, terminal)?
            }
            target => {
                let address = target.as_ref().map(server_address).transpose()?;
                self.measure_as_client(address, terminal)?
            }
        };
        let setup = Setup {
            server: self.description(),
            pin: self.pin.clone(),
            repeat: self.rounds.repeat,
            warmup: self.warmup,
            amount: self.rounds.amount,
        };
        Ok(Results::new(environment, setup, samples))
    }

    fn measure_as_client(
        &self,
        external: Option<ServerAddress>,
        terminal: Terminal,
    ) -> RunResult<CaseSamples> {
        let folder = SocketFolder::new(self)?;
        let (pin, folder_path) = (self.pin.clone(), folder.path());
        let mut runner = Runner::new(self.server, external, pin, self.warmup, folder_path);
        folder.result(self.schedule(&mut runner, terminal))
    }

    fn measure_as_server(&self, target: &Target, terminal: Terminal) -> RunResult<CaseSamples> {
        let api = self.cases[0].api;
        let mut server = ExternalClients::listen(target, api, self.server, &self.pin)?;
        terminal.announce(&format!("listening on {}", server.address()?));
        self.schedule(&mut server, terminal)
    }

    fn schedule(&self, measure: &mut dyn Measure, terminal: Terminal) -> RunResult<CaseSamples> {
        let each = match self.rounds.amount {
            Amount::Time(time) => Some(self.warmup.saturating_add(time).saturating_add(STARTING)),
            _ => None,
        };
        let runs = self.cases.len() * self.rounds.repeat;
        let progress = BenchProgress::new(terminal, runs, each);
        let samples = schedule(&self.cases, self.rounds, measure, |case, done, all| {
            progress.begin(case, done, all);
        })?;
        Ok(self.cases.iter().cloned().zip(samples).collect())
    }
}

/// Approximate time of a run besides warm-up and measured time.
const STARTING: Duration = Duration::from_millis(5);

type CaseSamples = Vec<(Case, Vec<Sample>)>;

fn server_address(target: &Target) -> RunResult<ServerAddress> {
    Ok(match target {
        Target::Tcp(address) => {
            let addresses = address.resolve().map_err(|error| Failure::Connect {
                error: address.error("connect to", &error).into(),
                file: None,
            })?;
            ServerAddress::Tcp(addresses.into())
        }
        Target::Name(name) => ServerAddress::Local(name.clone()),
        Target::Assuan(_) | Target::Stdio | Target::Command(_) | Target::Pty(_) => {
            return Err(Failure::Usage(format!("{target} is not a server to measure")).into());
        }
    })
}
