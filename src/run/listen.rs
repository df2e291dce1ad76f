use super::{
    command::Commands,
    completions,
    stdio::{Stdio, shows_progress},
};
use crate::{
    cli::{self, Listening},
    diag::{Failure, Outcome, Terminal},
    endpoint::{self, Endpoint},
    pump,
    serve::{Acceptor, Client, Going, Limits, Open, Stopper},
    system::{
        Readiness,
        listening::{self, Allowed},
        signals,
    },
};
use local_socket::{Listener, ListenerOptions, Name, OnConflict, traits::Listener as _};
use std::{
    fmt::{self, Display, Formatter},
    sync::Arc,
    thread,
};

/// What `lsock listen` is going to do.
#[derive(Debug)]
struct Plan {
    name: Name<'static>,
    listener: ListenerOptions<'static>,
    allowed: Allowed,
    listening: Listening,
    options: pump::Options,
    endpoint: Endpoint,
    shows_progress: bool,
}

/// Listens, and joins clients to stdin and stdout or to a command.
pub(super) fn run(args: cli::Listen, terminal: Terminal) -> anyhow::Result<Outcome> {
    let explain = args.explain;
    let plan = Plan::new(args, terminal)?;
    if explain {
        return completions::print(plan.to_string().as_bytes());
    }
    let readiness = Readiness::new(plan.listening.ready_fd)?;
    plan.warn();
    let (listener, stopper, accepting) = plan.open()?;
    let result = readiness
        .tell()
        .map_err(Into::into)
        .and_then(|()| plan.serve(&listener, &stopper, terminal));
    // The name goes before the process does, also when something has failed.
    if let Err(error) = listener.close() {
        tracing::debug!(%error, "listener not closed");
    }
    drop(accepting);
    stopper.finish();
    result
}

impl Plan {
    fn new(args: cli::Listen, terminal: Terminal) -> Result<Self, Failure> {
        let cli::Listen { name, listening, transfer, command, .. } = args;
        let shows_progress = shows_progress(&transfer, terminal);
        let endpoint = Endpoint::new(command);
        if shows_progress && !matches!(endpoint, Endpoint::Stdio) {
            return Err(Failure::Usage(
                "--progress goes with stdin and stdout, not with a command".into(),
            ));
        }
        let on_conflict =
            if listening.replace { OnConflict::Replace } else { OnConflict::ReplaceStale };
        let listener = ListenerOptions::new().name(name.clone()).on_conflict(on_conflict);
        Ok(Self {
            listener: listening::options(listener, &name, &listening)?,
            allowed: Allowed::new(&name, &listening)?,
            options: pump::Options::new(&transfer)?,
            name,
            listening,
            endpoint,
            shows_progress,
        })
    }

    /// Begins to listen and to watch for signals, none of which gets in between.
    fn open(&self) -> Result<(Arc<Listener>, Stopper, Going), Failure> {
        let _held = signals::Held::new();
        let listener = self.listener.clone().create_sync().map_err(Failure::Bind)?;
        let listener = Arc::new(listener);
        let stopper = Stopper::start(&listener, self.listening.grace)?;
        let accepting = stopper.going(Open::Accepting);
        Ok((listener, stopper, accepting))
    }

    /// Warns of what is probably not meant.
    fn warn(&self) {
        if let Some(folder) = listening::unsafe_folder(&self.name) {
            tracing::warn!(
                "other users can write to the folder {folder}: they can put a socket of \
                 theirs in the place of {}",
                self.name
            );
        }
        if self.allowed.is_kept_out(&self.name, &self.listening) {
            tracing::warn!(
                "--allow names users whom the mode of the socket file keeps out: \
                 --mode 660 or 666 lets them connect"
            );
        }
    }

    fn serve(
        &self,
        listener: &Arc<Listener>,
        stopper: &Stopper,
        terminal: Terminal,
    ) -> anyhow::Result<Outcome> {
        terminal.tell(&format!("listening on {} ({})", self.name, self.name.kind_text()));
        let limits = Limits::new(self.listening.max_conns, self.listening.max_conns_per_user);
        let acceptor = Acceptor::new(Arc::clone(listener), self.allowed.clone(), limits);
        match &self.endpoint {
            Endpoint::Stdio => {
                let (input, output) = endpoint::open_stdio()?;
                let (options, shows_progress) = (self.options.clone(), self.shows_progress);
                let stdio = Stdio { input, output, options, shows_progress, terminal };
                if self.listening.keep_open {
                    serve_one_after_another(acceptor, &stdio, stopper)
                } else {
                    serve_one(acceptor, listener, stdio, stopper)
                }
            }
            Endpoint::Command(command) => {
                let (command, name) = (command.clone(), self.name.clone());
                let commands = Commands { command, name, options: self.options.clone() };
                if self.listening.keep_open {
                    serve_with_commands(acceptor, &commands, stopper)
                } else {
                    serve_with_one_command(acceptor, listener, &commands, stopper)
                }
            }
        }
    }
}

/// Takes the only client. The name goes at once: nobody else would be served.
fn only_client(mut acceptor: Acceptor, listener: &Listener) -> Result<Option<Client>, Failure> {
    let client = acceptor.next()?;
    if let Err(error) = listener.close() {
        tracing::debug!(%error, "listener not closed");
    }
    Ok(client)
}

fn serve_one(
    acceptor: Acceptor,
    listener: &Listener,
    stdio: Stdio,
    stopper: &Stopper,
) -> anyhow::Result<Outcome> {
    let Some(client) = only_client(acceptor, listener)? else { return Ok(Outcome::Done) };
    let stream = Arc::new(client.stream);
    let _going = stopper.going(Open::Stream(Arc::clone(&stream)));
    stdio.join(stream).failure().map_or(Ok(Outcome::Done), |failure| Err(failure.into()))
}

fn serve_one_after_another(
    mut acceptor: Acceptor,
    stdio: &Stdio,
    stopper: &Stopper,
) -> anyhow::Result<Outcome> {
    while let Some(client) = acceptor.next()? {
        let stream = Arc::new(client.stream);
        let _going = stopper.going(Open::Stream(Arc::clone(&stream)));
        let report = stdio
            .join_next(stream)
            .map_err(|error| Failure::Io { what: "cannot use standard input or output", error })?;
        let is_over = report.output_is_gone();
        match report.failure() {
            // Nothing of any client could be written any more.
            failure if is_over => {
                return failure.map_or(Ok(Outcome::Done), |failure| Err(failure.into()));
            }
            Some(failure) => tracing::warn!("connection {}: {failure}", client.number),
            None => {}
        }
    }
    Ok(Outcome::Done)
}

fn serve_with_one_command(
    acceptor: Acceptor,
    listener: &Listener,
    commands: &Commands,
    stopper: &Stopper,
) -> anyhow::Result<Outcome> {
    let Some(client) = only_client(acceptor, listener)? else { return Ok(Outcome::Done) };
    let running =
        commands.start(client.stream, Some(&client.peer), client.number, Some(stopper))?;
    Ok(Outcome::Command(running.wait()?))
}

fn serve_with_commands(
    mut acceptor: Acceptor,
    commands: &Commands,
    stopper: &Stopper,
) -> anyhow::Result<Outcome> {
    while let Some(client) = acceptor.next()? {
        let Client { stream, peer, number, place } = client;
        let running = match commands.start(stream, Some(&peer), number, Some(stopper)) {
            Ok(running) => running,
            Err(failure) => {
                tracing::warn!("connection {number}: {failure}");
                continue;
            }
        };
        let wait = move || {
            match running.wait() {
                Ok(status) => tracing::info!("connection {number}: command ended with {status}"),
                Err(failure) => tracing::warn!("connection {number}: {failure}"),
            }
            drop(place);
        };
        if let Err(error) = thread::Builder::new().name(format!("command {number}")).spawn(wait) {
            tracing::warn!(%error, "connection {number}: no thread to wait for its command");
        }
    }
    acceptor.wait_until_idle();
    Ok(Outcome::Done)
}

/// For `--explain`.
impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "listen on    {} ({})", self.name, self.name.kind_text())?;
        let conflict = if self.listening.replace {
            "take over, also a live one"
        } else {
            "take over if stale"
        };
        writeln!(f, "if in use    {conflict}")?;
        writeln!(f, "serve        {}", self.allowed)?;
        let clients = match (self.listening.keep_open, &self.endpoint) {
            (false, _) => "one",
            (true, Endpoint::Stdio) => "one after another",
            (true, Endpoint::Command(_)) => "all at once",
        };
        writeln!(f, "clients      {clients}")?;
        writeln!(f, "join to      {}", self.endpoint)?;
        write!(f, "{}", self.options)
    }
}
