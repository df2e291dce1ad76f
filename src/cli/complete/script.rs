use clap_complete::Shell;

/// Returns the script for a shell. That of PowerShell and Elvish does not ask lsock: it knows
/// commands, options and listed values only.
pub(crate) fn script(shell: Shell) -> Vec<u8> {
    let own = match shell {
        Shell::Bash => include_str!("lsock.bash"),
        Shell::Zsh => include_str!("lsock.zsh"),
        Shell::Fish => include_str!("lsock.fish"),
        _ => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut crate::cli::definition(), "lsock", &mut script);
            return script;
        }
    };
    own.as_bytes().to_vec()
}
