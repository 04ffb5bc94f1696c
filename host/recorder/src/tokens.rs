//! Tokens of the API: how they are made, and the table by which callers are authenticated.

use std::{
    collections::{BTreeMap, HashSet},
    sync::atomic::{AtomicU64, Ordering},
};

use lifesigns_api::{
    ApiError, Caller, CreatedToken, NewToken, RevokedAgent, Role, RoleSet, TOKEN_PREFIX, TokenInfo, TokenRefusal,
    token_text,
};
use lifesigns_compliance::AuditedChange;
use lifesigns_model::NS_PER_S;
use lifesigns_record::{Commit, RecordWriter, StoredToken, TokenChange};
use parking_lot::RwLock;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::history::unreadable;

/// The most tokens: twice as many as agents that are remembered, and some for people.
const TOKENS: usize = 25_000;
/// The longest name, in characters.
const NAME_CHARS: usize = 64;
/// Bytes of the part that finds a token, and of its secret.
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;
/// The longest time that a token of the role `enrol` can be for, in nanoseconds: 7 days, and a minute for clocks.
const ENROL_NS: u64 = (7 * 24 * 60 + 1) * 60 * NS_PER_S;

/// The tokens as they are committed.
#[derive(Default)]
pub(crate) struct TokenTable(RwLock<BTreeMap<String, TokenEntry>>);

struct TokenEntry {
    token: StoredToken,
    roles: RoleSet,
    /// When it was last shown; 0 if it never was.
    used_ns: AtomicU64,
}

impl TokenTable {
    pub(crate) fn new(tokens: Vec<StoredToken>) -> Self {
        let table = Self::default();
        table.apply(tokens.into_iter().map(TokenChange::Added).collect());
        table
    }

    /// Puts committed changes in force.
    pub(crate) fn apply(&self, changes: Vec<TokenChange>) {
        let mut entries = self.0.write();
        for change in changes {
            match change {
                TokenChange::Added(token) => {
                    let roles = roles(&token);
                    entries.insert(token.id.clone(), TokenEntry { token, roles, used_ns: AtomicU64::new(0) });
                }
                TokenChange::Changed(token) => {
                    if let Some(entry) = entries.get_mut(&token.id) {
                        entry.token = token;
                    }
                }
                TokenChange::Revoked(name) => entries.retain(|_, entry| entry.token.name != name),
            }
        }
    }

    /// Returns the caller that shows this text.
    pub(crate) fn authenticate(&self, text: &str, now_ns: u64) -> Result<Caller, TokenRefusal> {
        let (id, secret) = parts(text).unwrap_or_default();
        let hash: [u8; 32] = Sha256::digest(secret).into();
        let entries = self.0.read();
        let entry = entries.get(id);
        // A token that is not there takes as long as one whose secret is wrong.
        let expected = entry.map_or([0; 32], |entry| entry.token.hash);
        let is_right = bool::from(hash.ct_eq(&expected));
        let Some(entry) = entry.filter(|_| is_right) else { return Err(TokenRefusal::Unknown) };
        if entry.token.revoked_ns.is_some() {
            entry.used_ns.store(now_ns, Ordering::Relaxed);
            return Err(TokenRefusal::Revoked);
        }
        if entry.token.expires_ns.is_some_and(|expires_ns| expires_ns <= now_ns) {
            return Err(TokenRefusal::Expired);
        }
        entry.used_ns.store(now_ns, Ordering::Relaxed);
        let agent = entry.token.agent.clone().filter(|_| entry.roles.contains(Role::Agent));
        Ok(Caller { agent, ..Caller::new(caller_name(&entry.token.name), entry.roles) })
    }

    /// Lists them by name.
    pub(crate) fn list(&self) -> Vec<TokenInfo> {
        let entries = self.0.read();
        let used = |entry: &TokenEntry| Some(entry.used_ns.load(Ordering::Relaxed)).filter(|used_ns| *used_ns > 0);
        let mut all: Vec<_> =
            entries.values().map(|entry| TokenInfo { used_ns: used(entry), ..info(&entry.token) }).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// Returns the agents whose credentials were revoked and that have no others.
    pub(crate) fn revoked_agents(&self) -> Vec<RevokedAgent> {
        let entries = self.0.read();
        revoked_agents(entries.values().map(|entry| (&entry.token, entry.used_ns.load(Ordering::Relaxed))))
    }

    fn has(&self, name: &str) -> bool {
        self.0.read().values().any(|entry| entry.token.name == name)
    }

    /// Decides whether `token` may be added beside those of a commit that is being made.
    pub(crate) fn may_add(&self, token: &StoredToken, commit: &Commit) -> Result<(), ApiError> {
        let is_added = |change: &TokenChange| matches!(change, TokenChange::Added(one) if one.name == token.name);
        let is_taken = self.has(&token.name) || commit.tokens.iter().any(is_added);
        may_add(&token.name, is_taken, self.0.read().len() + commit.tokens.len())
    }

    /// Returns the change that revokes the token `name`.
    pub(crate) fn revoke(&self, name: &str, commit: &Commit) -> Result<TokenChange, ApiError> {
        let all = self.with(commit);
        let token = all.iter().find(|token| token.name == name).ok_or_else(|| unknown(name))?;
        Ok(revocation(token, commit.now_ns))
    }

    /// Returns the tokens as they will be after a commit that is being made.
    pub(crate) fn with(&self, commit: &Commit) -> Vec<StoredToken> {
        let entries = self.0.read();
        let mut all: BTreeMap<String, StoredToken> =
            entries.values().map(|entry| (entry.token.name.clone(), entry.token.clone())).collect();
        for change in &commit.tokens {
            match change {
                TokenChange::Added(token) | TokenChange::Changed(token) => {
                    all.insert(token.name.clone(), token.clone());
                }
                TokenChange::Revoked(name) => _ = all.remove(name),
            }
        }
        all.into_values().collect()
    }
}

/// Makes a token in the name of `who`, and its text.
pub(crate) fn make(new: &NewToken, who: &str, now_ns: u64) -> Result<(StoredToken, String), ApiError> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if new.name.is_empty() || new.name.len() > NAME_CHARS || !new.name.chars().all(is_plain) {
        let text = format!("the name of a token is 1 to {NAME_CHARS} small letters, digits and `-`");
        return Err(ApiError::Invalid(text));
    }
    if new.roles.is_empty() {
        return Err(ApiError::Invalid("a token has one role at least".to_owned()));
    }
    let latest_ns = now_ns.saturating_add(ENROL_NS);
    if new.roles.contains(Role::Enrol)
        && (new.roles.iter().count() > 1 || new.expires_ns.is_none_or(|expires_ns| expires_ns > latest_ns))
    {
        let text = "a token of the role enrol has no other role, and expires within 7 days: it is for one agent, once";
        return Err(ApiError::Invalid(text.to_owned()));
    }
    if new.expires_ns.is_some_and(|expires_ns| expires_ns <= now_ns) {
        return Err(ApiError::Invalid("the token would have expired already".to_owned()));
    }
    let mut random = [0_u8; ID_BYTES + SECRET_BYTES];
    let drawn = getrandom::fill(&mut random);
    drawn.map_err(|error| ApiError::Internal(format!("the system gives no random numbers: {error}")))?;
    let (id, secret) = (hex::encode(&random[..ID_BYTES]), hex::encode(&random[ID_BYTES..]));
    let token = StoredToken {
        name: new.name.clone(),
        hash: Sha256::digest(&secret).into(),
        roles: new.roles.iter().map(|role| role.as_str().to_owned()).collect(),
        created_by: who.to_owned(),
        created_ns: now_ns,
        expires_ns: new.expires_ns,
        agent: None,
        revoked_ns: None,
        id,
    };
    let text = token_text(&token.id, &secret);
    Ok((token, text))
}

/// Returns what is shown of a token once it is committed.
pub(crate) fn created(token: &StoredToken, text: String) -> CreatedToken {
    CreatedToken { token: text, info: info(token) }
}

/// Returns the audit entry for a token that was made.
pub(crate) fn added(token: &StoredToken) -> AuditedChange {
    AuditedChange {
        time_ns: token.created_ns,
        who: token.created_by.clone(),
        what: "token made".to_owned(),
        subject: token.name.clone(),
        before: serde_json::Value::Null,
        after: serde_json::json!({ "roles": token.roles, "expires_ns": token.expires_ns }),
    }
}

/// Returns the audit entry for a token that was revoked.
pub(crate) fn revoked(name: &str, who: &str, time_ns: u64) -> AuditedChange {
    AuditedChange {
        time_ns,
        who: who.to_owned(),
        what: "token revoked".to_owned(),
        subject: name.to_owned(),
        before: serde_json::Value::Null,
        after: serde_json::Value::Null,
    }
}

/// Makes a token in a store that no host has open.
pub(crate) fn add_at_rest(
    record: &mut dyn RecordWriter,
    new: &NewToken,
    who: &str,
    now_ns: u64,
) -> Result<CreatedToken, ApiError> {
    let there = stored(record)?;
    let (token, text) = make(new, who, now_ns)?;
    may_add(&token.name, there.iter().any(|one| one.name == token.name), there.len())?;
    let answer = created(&token, text);
    commit_at_rest(record, added(&token), vec![TokenChange::Added(token)], now_ns)?;
    Ok(answer)
}

/// Revokes a token in a store that no host has open.
pub(crate) fn revoke_at_rest(
    record: &mut dyn RecordWriter,
    name: &str,
    who: &str,
    now_ns: u64,
) -> Result<String, ApiError> {
    let all = stored(record)?;
    let token = all.iter().find(|token| token.name == name).ok_or_else(|| unknown(name))?;
    commit_at_rest(record, revoked(name, who, now_ns), vec![revocation(token, now_ns)], now_ns)?;
    Ok(revoked_text(name))
}

/// Returns what was done, in a line for a person.
pub(crate) fn revoked_text(name: &str) -> String {
    format!("token {name} is revoked")
}

/// Returns the change that revokes a token. The credentials of an agent are kept, so that it learns that they were
/// revoked; those that were revoked already go.
pub(crate) fn revocation(token: &StoredToken, now_ns: u64) -> TokenChange {
    if token.agent.is_none() || token.revoked_ns.is_some() || !roles(token).contains(Role::Agent) {
        return TokenChange::Revoked(token.name.clone());
    }
    TokenChange::Changed(StoredToken { revoked_ns: Some(now_ns), ..token.clone() })
}

/// Returns the name of the caller that shows a token.
pub(crate) fn caller_name(token: &str) -> String {
    format!("{}{token}", Caller::TOKEN)
}

/// Returns the name of the token that a caller showed; `None` if it showed none.
pub(crate) fn name_of_caller(who: &str) -> Option<&str> {
    who.strip_prefix("token ")
}

/// Returns the agents whose credentials were revoked and that have no others, of all tokens with when each was last shown
/// (0 for never).
pub(crate) fn revoked_agents<'t>(tokens: impl Iterator<Item = (&'t StoredToken, u64)>) -> Vec<RevokedAgent> {
    let own = tokens.filter_map(|(token, used_ns)| Some((token.agent.as_ref()?, token, used_ns)));
    let own: Vec<_> = own.filter(|(_, token, _)| roles(token).contains(Role::Agent)).collect();
    let in_force = own.iter().filter(|(_, token, _)| token.revoked_ns.is_none());
    let current: HashSet<&String> = in_force.map(|(name, ..)| *name).collect();
    let mut revoked = Vec::new();
    for (name, token, used_ns) in &own {
        let Some(revoked_ns) = token.revoked_ns.filter(|_| !current.contains(name)) else { continue };
        // What it did before it was revoked was not refused.
        let refused_ns = Some(*used_ns).filter(|used_ns| *used_ns > 0 && *used_ns >= revoked_ns);
        revoked.push(RevokedAgent { name: (*name).clone(), revoked_ns, refused_ns });
    }
    revoked
}

/// Returns what is listed of a token.
pub(crate) fn info(token: &StoredToken) -> TokenInfo {
    TokenInfo {
        name: token.name.clone(),
        roles: roles(token),
        created_by: token.created_by.clone(),
        created_ns: token.created_ns,
        expires_ns: token.expires_ns,
        used_ns: None,
        agent: token.agent.clone(),
        revoked_ns: token.revoked_ns,
    }
}

pub(crate) fn stored(record: &dyn RecordWriter) -> Result<Vec<StoredToken>, ApiError> {
    record.readers().open().and_then(|reader| reader.tokens()).map_err(unreadable)
}

pub(crate) fn commit_at_rest(
    record: &mut dyn RecordWriter,
    audit: AuditedChange,
    tokens: Vec<TokenChange>,
    now_ns: u64,
) -> Result<(), ApiError> {
    let mut commit = Commit { now_ns, tokens, ..Commit::default() };
    commit.changes.audit.push(audit);
    record.commit(&commit).map_err(unreadable)
}

pub(crate) fn may_add(name: &str, is_taken: bool, count: usize) -> Result<(), ApiError> {
    if is_taken {
        return Err(ApiError::Conflict(format!("there is a token {name} already: revoke it, or choose another name")));
    }
    if count >= TOKENS {
        return Err(ApiError::Conflict(format!("there are {TOKENS} tokens, which is the most: revoke some")));
    }
    Ok(())
}

fn unknown(name: &str) -> ApiError {
    let shown = &name[..name.floor_char_boundary(NAME_CHARS)];
    ApiError::Unknown(format!("there is no token {shown:?}; `lifesigns token list` shows those that there are"))
}

/// Returns the roles of a token; one that this version does not know gives nothing.
pub(crate) fn roles(token: &StoredToken) -> RoleSet {
    token.roles.iter().filter_map(|role| role.parse::<Role>().ok()).fold(RoleSet::default(), RoleSet::with)
}

/// Splits the text of a token into what finds it and its secret.
fn parts(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(TOKEN_PREFIX)?.strip_prefix('_')?.split_once('_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str) -> NewToken {
        NewToken { name: name.to_owned(), roles: RoleSet::default().with(Role::Operator), expires_ns: Some(100) }
    }

    #[test]
    fn a_token_names_its_caller_until_it_expires_or_is_revoked() {
        let (token, text) = make(&new("ci"), "alice", 7).expect("it is sound");
        let table = TokenTable::new(vec![token]);
        let caller = table.authenticate(&text, 99).expect("it is there");
        assert_eq!((caller.name.as_str(), caller.roles.to_string().as_str()), ("token ci", "operator"));
        assert_eq!(table.list()[0].used_ns, Some(99));
        assert_eq!(table.authenticate(&text, 100), Err(TokenRefusal::Expired));
        table.apply(vec![TokenChange::Revoked("ci".to_owned())]);
        assert_eq!(table.authenticate(&text, 8), Err(TokenRefusal::Unknown));
    }

    #[test]
    fn what_is_not_quite_a_token_is_none() {
        let (token, text) = make(&new("ci"), "alice", 7).expect("it is sound");
        let hash = hex::encode(token.hash);
        let table = TokenTable::new(vec![token.clone()]);
        let wrong = format!("{}0", &text[..text.len() - 1]);
        let other = format!("{}1", &text[..text.len() - 1]);
        for text in
            ["", "lifesigns__", "lifesigns_", &text[1..], &format!("{text}0"), &hash, &token_text(&token.id, "")]
        {
            assert_eq!(table.authenticate(text, 8), Err(TokenRefusal::Unknown), "{text}");
        }
        assert!(table.authenticate(&wrong, 8).is_err() || table.authenticate(&other, 8).is_err());
    }

    #[test]
    fn the_secret_is_kept_nowhere_and_is_never_the_same() {
        let (token, text) = make(&new("ci"), "alice", 7).expect("it is sound");
        let secret = text.rsplit('_').next().expect("it has one");
        assert_eq!(secret.len(), 64);
        assert!(!format!("{token:?}{:?}{:?}", added(&token), created(&token, text.clone())).contains(secret));
        assert_ne!(make(&new("ci"), "alice", 7).expect("it is sound").1, text);
    }

    #[test]
    fn names_roles_and_times_make_sense() {
        for bad in ["", "CI", "a b", "ä", &"x".repeat(65)] {
            assert!(matches!(make(&new(bad), "alice", 7), Err(ApiError::Invalid(_))), "{bad}");
        }
        assert!(make(&NewToken { roles: RoleSet::default(), ..new("ci") }, "alice", 7).is_err());
        assert!(make(&new("ci"), "alice", 100).is_err());
    }
}
