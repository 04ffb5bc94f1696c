//! The credentials of an agent: it draws them itself, keeps them in its folder, and registers their hash with a token that
//! enrols one agent. What was drawn is written before it is sent, so that a lost answer, or a crash of either side, is
//! cured by asking again with the same.

use std::{
    io,
    path::{Path, PathBuf},
};

use parking_lot::{Mutex, MutexGuard};

use lifesigns_api::{AgentCredentials, token_text};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{error::AgentError, options::AgentOptions, state};

/// The file, of mode 0600.
const FILE: &str = "credentials.json";
/// Bytes of the part that finds the credentials, and of their secret.
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;

/// Credentials as they are kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredCredentials {
    /// The name of the agent.
    agent: String,
    id: String,
    secret: String,
    /// Whether a host has answered that it knows them.
    is_enrolled: bool,
    /// SHA-256 of the token with which they were registered: another one is for other credentials.
    enrolled_with: String,
}

/// What is to be sent to a host to be enrolled.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct EnrolmentRequest {
    /// The token that enrols one agent.
    pub(crate) token: String,
    pub(crate) credentials: AgentCredentials,
    /// Whether they were sent before, without an answer that is known.
    pub(crate) is_repeated: bool,
}

/// See the module.
pub(crate) struct Credentials {
    folder: PathBuf,
    agent: String,
    known: Mutex<Option<StoredCredentials>>,
}

impl Credentials {
    /// Reads the credentials of the folder of an agent, if there are any.
    ///
    /// # Errors
    /// They cannot be read, or are those of another agent and nothing is there to enrol this one with.
    pub(crate) fn load(options: &AgentOptions) -> Result<Self, AgentError> {
        let path = options.state.join(FILE);
        let failed = |error| AgentError::State { path: path.clone(), error };
        let known: Option<StoredCredentials> = state::read(&path).map_err(failed)?;
        if let Some(known) = known.as_ref().filter(|known| known.agent != options.name)
            && !options.can_enrol()
        {
            let (path, known, name) = (path.display(), &known.agent, &options.name);
            return Err(AgentError::Credentials(format!(
                "the credentials in {path} are those of the agent {known:?}, and not of {name:?}: start it with \
                 `--name {known}`, or enrol it under this name with `--enrol-token-file FILE`"
            )));
        }
        let known = known.filter(|known| known.agent == options.name);
        Ok(Self { folder: options.state.clone(), agent: options.name.clone(), known: Mutex::new(known) })
    }

    /// Returns the token to show, if a host knows it.
    pub(crate) fn token(&self) -> Option<String> {
        self.lock().as_ref().filter(|known| known.is_enrolled).map(StoredCredentials::text)
    }

    /// Returns the token to show whether a host has answered that it knows it or not.
    pub(crate) fn drawn_token(&self) -> Option<String> {
        self.lock().as_ref().map(StoredCredentials::text)
    }

    /// Returns what is to be sent to be enrolled with a token, which is drawn and written first; `None` if that was done
    /// with this token before.
    ///
    /// # Errors
    /// It cannot be drawn or written.
    pub(crate) fn enrol(&self, token: String) -> io::Result<Option<EnrolmentRequest>> {
        let enrolled_with = hex::encode(Sha256::digest(&token));
        let mut known = self.lock();
        let repeated = known.as_ref().filter(|known| known.enrolled_with == enrolled_with);
        if repeated.is_some_and(|known| known.is_enrolled) {
            return Ok(None);
        }
        let is_repeated = repeated.is_some();
        let drawn = match repeated {
            Some(known) => known.clone(),
            None => {
                let drawn = StoredCredentials::draw(&self.agent, enrolled_with)?;
                drawn.save(&self.folder)?;
                drawn
            }
        };
        let hash = hex::encode(Sha256::digest(&drawn.secret));
        let credentials = AgentCredentials { id: drawn.id.clone(), hash };
        *known = Some(drawn);
        Ok(Some(EnrolmentRequest { token, credentials, is_repeated }))
    }

    /// Notes that a host knows the credentials.
    ///
    /// # Errors
    /// It cannot be written; in memory it is noted.
    pub(crate) fn confirm(&self) -> io::Result<()> {
        let mut known = self.lock();
        let Some(known) = known.as_mut().filter(|known| !known.is_enrolled) else { return Ok(()) };
        known.is_enrolled = true;
        known.save(&self.folder)
    }

    fn lock(&self) -> MutexGuard<'_, Option<StoredCredentials>> {
        self.known.lock()
    }
}

impl StoredCredentials {
    fn draw(agent: &str, enrolled_with: String) -> io::Result<Self> {
        let mut random = [0; ID_BYTES + SECRET_BYTES];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let (id, secret) = (hex::encode(&random[..ID_BYTES]), hex::encode(&random[ID_BYTES..]));
        Ok(Self { agent: agent.to_owned(), id, secret, is_enrolled: false, enrolled_with })
    }

    fn save(&self, folder: &Path) -> io::Result<()> {
        state::write(folder, FILE, &serde_json::to_vec(self)?)
    }

    fn text(&self) -> String {
        token_text(&self.id, &self.secret)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn options(folder: &Path, name: &str, enrol_token: Option<&str>) -> AgentOptions {
        AgentOptions {
            server: "http://127.0.0.1:1".into(),
            token: None,
            token_file: None,
            enrol_token: enrol_token.map(str::to_owned),
            enrol_token_file: None,
            ca: None,
            group: None,
            name: name.into(),
            host: name.into(),
            tags: BTreeMap::new(),
            state: folder.to_owned(),
            spool_bytes: 1 << 20,
        }
    }

    #[test]
    fn what_is_sent_again_is_the_same_whatever_crashed() {
        let folder = tempfile::tempdir().expect("a folder");
        let load = || Credentials::load(&options(folder.path(), "web-1", Some("one"))).expect("they can be read");
        let first = load().enrol("one".into()).expect("it is drawn").expect("it is new");
        assert!(!first.is_repeated && load().token().is_none());
        let mode = fs::metadata(folder.path().join(FILE)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // The answer was lost, and the agent killed.
        let killed = load();
        let again = killed.enrol("one".into()).expect("it is read").expect("no host has answered");
        assert!(again.is_repeated && again.credentials == first.credentials);
        killed.confirm().expect("it is written");
        let token = load().token().expect("it is enrolled");
        assert!(token.starts_with(&format!("lifesigns_{}_", first.credentials.id)), "{token}");
        assert!(load().enrol("one".into()).expect("it is read").is_none());
        // Another token is for other credentials.
        let other = load().enrol("two".into()).expect("it is drawn").expect("it is new");
        assert!(!other.is_repeated && other.credentials != first.credentials);
    }

    #[test]
    fn credentials_are_of_one_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let credentials = Credentials::load(&options(folder.path(), "web-1", Some("one"))).expect("there are none");
        credentials.enrol("one".into()).expect("it is drawn");
        let error = Credentials::load(&options(folder.path(), "web-2", None)).err().expect("they are of another");
        assert!(error.to_string().contains("--name web-1"), "{error}");
        let renamed = Credentials::load(&options(folder.path(), "web-2", Some("two"))).expect("it can be enrolled");
        assert!(renamed.drawn_token().is_none());
    }
}
