//! A host in the network: from the command line to a client.

use std::{fs::File, io::Read as _, path::Path};

use lifesigns_gateway::{HostClient, RemoteHost};

use super::args::TargetArgs;
use crate::exit::Failure;

/// The longest file of a token, in bytes.
const TOKEN_BYTES: u64 = 4096;

/// Returns the client of the host that the command line names in the network; `None` if it names none.
///
/// # Errors
/// What it names makes no sense, or cannot be read.
pub(crate) fn client(place: &TargetArgs) -> Result<Option<HostClient>, Failure> {
    let Some(url) = place.server.as_deref().filter(|url| !url.is_empty()) else { return Ok(None) };
    let token = token(place.token_file.as_deref())?;
    let host = RemoteHost::new(url, token.as_deref(), place.ca.as_deref());
    let host = host.map_err(|error| Failure::Usage(error.to_string()))?;
    HostClient::remote(host).map(Some).map_err(Failure::failed)
}

fn token(file: Option<&Path>) -> Result<Option<String>, Failure> {
    let Some(path) = file else {
        return Ok(std::env::var("LIFESIGNS_TOKEN").ok().filter(|token| !token.is_empty()));
    };
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(TOKEN_BYTES).read_to_string(&mut text));
    read.map_err(|error| Failure::Failed(format!("the token in {} cannot be read: {error}", path.display())))?;
    Ok(Some(text.trim().to_owned()))
}
