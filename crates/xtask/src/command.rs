//! Starting other programs.

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitStatus};

/// What a command comes to. An error is shown to the user as it is.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The directory of the workspace that this program was built in.
pub(crate) fn workspace_root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own)
}

/// The cargo that started this program, so that all steps use one toolchain.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a program with our own output, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = status(command)?;
    came(command, status)
}

/// Runs a program with our own output, and gives what it ended with.
pub(crate) fn status(command: &mut Command) -> Outcome<ExitStatus> {
    command.status().map_err(|error| cannot_start(command, error))
}

/// What a program comes to that ended with this.
pub(crate) fn came(command: &Command, status: ExitStatus) -> Outcome {
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", program(command)).into()) }
}

/// Runs a program and gives what it wrote to its standard output.
pub(crate) fn read(command: &mut Command) -> Outcome<Vec<u8>> {
    command.stderr(std::process::Stdio::inherit());
    let output = command.output().map_err(|error| cannot_start(command, error))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("{} ended with {}", program(command), output.status).into())
    }
}

fn cannot_start(command: &Command, error: std::io::Error) -> Box<dyn Error> {
    format!("{} cannot be started: {error}", program(command)).into()
}

fn program(command: &Command) -> String {
    let path = Path::new(command.get_program());
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
