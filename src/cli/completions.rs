use super::Everywhere;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell to write the script for.
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,

    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}
