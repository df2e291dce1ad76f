use super::{Everywhere, value};
use clap::Args;
use local_socket::Name;

#[derive(Debug, Args)]
pub(crate) struct BenchServer {
    /// Where to be told what to do.
    #[arg(value_name = "NAME", value_parser = value::name())]
    pub(crate) control: Name<'static>,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}
