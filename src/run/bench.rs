//! `lsock bench`.

mod plan;
mod progress;

use super::completions;
use crate::{
    bench::{
        self, Amount, Case, Comparison, Environment, Look, Measure, Outputs, Report, Results,
        Sample, Server, Setup, load, schedule,
        work::{Address, At, BenchError, Does, Runner, ServerIs},
    },
    cli,
    diag::{self, Failure, Outcome, Terminal},
    endpoint::Target,
    system::{self, signals},
};
use anyhow::Context as _;
use local_socket::{
    Name,
    error::{Obstacle, SocketError},
};
use plan::{Place, Plan};
use progress::Progress;
use std::{
    env, fs,
    io::{self, IsTerminal as _, stdout},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// Measures, and reports.
pub(super) fn run(args: &cli::Bench, terminal: Terminal) -> anyhow::Result<Outcome> {
    let plan = Plan::new(args)?;
    if args.explain {
        return completions::print(plan.to_string().as_bytes());
    }
    let old = args.reports.compare.as_deref().map(load).transpose()?;
    if let Some((old, path)) = old.as_ref().zip(args.reports.compare.as_deref()) {
        plan.is_in(old, path)?;
    }
    let outputs = outputs(&args.reports)?;
    plan.fits(system::descriptor_limit::raise())?;
    let results = plan.measure(terminal).map_err(|error| advised(error, &plan))?;
    for warning in &results.warnings {
        tracing::warn!("{warning}; {}", warning.advice());
    }
    let comparison = old.map(|old| Comparison::new(&old, &results)).transpose()?;
    let is_for_people = !outputs.use_stdout();
    // What cannot be printed does not keep files from being written, nor the other way round.
    let written = outputs.write(&results);
    let printed = print(is_for_people.then_some(&results), comparison.as_ref(), terminal);
    written.and(printed)?;
    judge(comparison.as_ref(), args.reports.fail_over)
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

/// With an advice, if there is one.
fn advised(error: anyhow::Error, plan: &Plan) -> anyhow::Error {
    let hint = match error.downcast_ref() {
        Some(Failure::Connect { file: None, error }) if plan.has_foreign_server() => {
            is_absent(error).then(|| plan.about_absent_servers().to_owned())
        }
        Some(Failure::Bind(error)) if has_live_server(error) => {
            Some("choose another name".to_owned())
        }
        _ => error.downcast_ref().and_then(BenchError::hint),
    };
    // Only a NAME is what could not be connected to or listened on.
    let status = if plan.has_name() { diag::status(&error) } else { 1 };
    match hint {
        None if plan.has_name() => error,
        hint => Failure::Advised { message: diag::message(&error), hint, status }.into(),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn has_live_server(error: &io::Error) -> bool {
    let obstacle = SocketError::of(error).and_then(SocketError::obstacle);
    matches!(obstacle, Some(Obstacle::LiveServer(_)))
}

/// Where socket files are made, if there are any. It goes with this, and with a signal that
/// ends the process.
#[derive(Debug)]
struct Folder {
    folder: Option<TempDir>,
    /// Set for good by a signal, after which nothing is as it should be any more.
    signal: Arc<AtomicBool>,
}

impl Folder {
    fn new(plan: &Plan) -> anyhow::Result<Self> {
        let signal = Arc::new(AtomicBool::new(false));
        let makes_files = matches!(plan.server, Place::Process | Place::InProcess)
            && plan.cases.iter().any(|case| case.over == bench::Transport::Fs);
        if cfg!(windows) || !makes_files {
            return Ok(Self { folder: None, signal });
        }
        // A signal waits until it is known what has to be removed.
        let _held = signals::Held::new();
        let folder = tempfile::Builder::new()
            .prefix("lsock-bench-")
            .tempdir()
            .context("cannot make a folder for socket files")?;
        if let Err(error) = Name::parse(&folder.path().join("1000000.sock")) {
            let message = format!("cannot make socket files there: {error}");
            let hint = Some("TMPDIR says where; a shorter one leaves room for names".to_owned());
            return Err(Failure::Advised { message, hint, status: 1 }.into());
        }
        let (path, is_set) = (folder.path().to_owned(), Arc::clone(&signal));
        signals::on_termination(move |signal| {
            is_set.store(true, Ordering::SeqCst);
            // What could not be removed is empty files in a folder for such.
            let _ = fs::remove_dir_all(&path);
            signals::die(signal);
        })
        .context("cannot watch for signals")?;
        Ok(Self { folder: Some(folder), signal })
    }

    fn path(&self) -> PathBuf {
        self.folder.as_ref().map(|folder| folder.path().to_owned()).unwrap_or_default()
    }

    /// What came out, unless that is only because the folder was removed: the process is
    /// about to die of the signal then.
    fn result<T>(&self, result: anyhow::Result<T>) -> anyhow::Result<T> {
        while result.is_err() && self.signal.load(Ordering::SeqCst) {
            thread::park();
        }
        result
    }
}
