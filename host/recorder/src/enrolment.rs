//! Enrolment: a token of the role `enrol` is used up for the credentials of one agent. The agent has drawn them before it
//! asked, and asks with the same ones again until it has an answer, so a lost answer costs nothing.

use lifesigns_api::{AgentCredentials, ApiError, Role};
use lifesigns_compliance::AuditedChange;
use lifesigns_record::{RecordWriter, StoredToken, TokenChange};

use crate::tokens;

/// The longest name of an agent, in bytes.
const NAME_BYTES: usize = 255;
/// What is taken of it for the name of its token, in characters.
const SLUG_CHARS: usize = 48;

/// An agent to be enrolled.
#[derive(Debug)]
pub(crate) struct Enrolment {
    agent: String,
    id: String,
    hash: [u8; 32],
    /// The name of the token that is used up for it.
    token: String,
}

impl Enrolment {
    /// Checks what an agent sent. `who` is the caller.
    pub(crate) fn new(agent: &str, credentials: &AgentCredentials, who: &str) -> Result<Self, ApiError> {
        if agent.is_empty() || agent.len() > NAME_BYTES || agent.chars().any(char::is_control) {
            let text = format!("the name of an agent has 1 to {NAME_BYTES} bytes and no control characters");
            return Err(ApiError::Invalid(text));
        }
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let mut hash = [0; 32];
        let is_hash = is_hex(&credentials.hash) && hex::decode_to_slice(&credentials.hash, &mut hash).is_ok();
        if credentials.id.len() != 16 || !is_hex(&credentials.id) || !is_hash {
            let text = "`id` has 16 hexadecimal digits, and `hash` 64: small letters, SHA-256 of the secret";
            return Err(ApiError::Invalid(text.to_owned()));
        }
        let token = tokens::name_of_caller(who).ok_or_else(|| needs_token(who))?;
        Ok(Self { agent: agent.to_owned(), id: credentials.id.clone(), hash, token: token.to_owned() })
    }
}

/// Returns what an enrolment changes of the tokens; nothing if it was done before.
pub(crate) fn changes(enrolment: &Enrolment, all: &[StoredToken], now_ns: u64) -> Result<Vec<TokenChange>, ApiError> {
    let used = all.iter().find(|token| token.name == enrolment.token);
    let used = used.filter(|token| tokens::roles(token).contains(Role::Enrol));
    let used = used.ok_or_else(|| needs_token(&enrolment.token))?;
    let own = |token: &&StoredToken| token.agent.as_ref() == Some(&enrolment.agent) && is_credentials(token);
    let current = all.iter().filter(own).find(|token| token.revoked_ns.is_none());
    if let Some(agent) = &used.agent {
        let is_same = |token: &StoredToken| token.id == enrolment.id && token.hash == enrolment.hash;
        if *agent == enrolment.agent && current.is_some_and(is_same) {
            return Ok(Vec::new());
        }
        let text = format!("the token {} was used up by the agent {agent}: each agent needs one of its own", used.name);
        return Err(ApiError::Conflict(text));
    }
    if current.is_some() {
        return Err(ApiError::Conflict(format!(
            "the agent {0} has credentials already: if its machine was set up again, revoke them first, \
             `lifesigns agents revoke {0}`; otherwise choose another name",
            enrolment.agent
        )));
    }
    if all.iter().any(|token| token.id == enrolment.id) {
        return Err(ApiError::Conflict("there is a token of this `id` already: draw another one".to_owned()));
    }
    // What was revoked of it before is not needed any longer, and neither are enrolments that are over.
    let is_over = |token: &&StoredToken| {
        tokens::roles(token).contains(Role::Enrol) && token.expires_ns.is_some_and(|expires_ns| expires_ns <= now_ns)
    };
    let gone: Vec<&StoredToken> = all.iter().filter(|token| own(token) || is_over(token)).collect();
    let name = free_name(&enrolment.agent, all, &gone);
    tokens::may_add(&name, false, all.len() - gone.len())?;
    let credentials = StoredToken {
        name,
        id: enrolment.id.clone(),
        hash: enrolment.hash,
        roles: vec![Role::Agent.as_str().to_owned()],
        created_by: tokens::caller_name(&used.name),
        created_ns: now_ns,
        expires_ns: None,
        agent: Some(enrolment.agent.clone()),
        revoked_ns: None,
    };
    let mut changes: Vec<TokenChange> = gone.iter().map(|token| TokenChange::Revoked(token.name.clone())).collect();
    changes.push(TokenChange::Changed(StoredToken { agent: Some(enrolment.agent.clone()), ..used.clone() }));
    changes.push(TokenChange::Added(credentials));
    Ok(changes)
}

/// Returns the changes that revoke the credentials of an agent.
pub(crate) fn revocations(agent: &str, all: &[StoredToken], now_ns: u64) -> Result<Vec<TokenChange>, ApiError> {
    let own = all.iter().filter(|token| token.agent.as_deref() == Some(agent) && is_credentials(token));
    let changes: Vec<TokenChange> =
        own.filter(|token| token.revoked_ns.is_none()).map(|token| tokens::revocation(token, now_ns)).collect();
    if changes.is_empty() {
        let shown = &agent[..agent.floor_char_boundary(NAME_BYTES)];
        return Err(ApiError::Unknown(format!("there are no credentials in force of an agent {shown:?}")));
    }
    Ok(changes)
}

/// Revokes the credentials of an agent in a store that no host has open.
pub(crate) fn revoke_at_rest(
    record: &mut dyn RecordWriter,
    agent: &str,
    who: &str,
    now_ns: u64,
) -> Result<String, ApiError> {
    let changes = revocations(agent, &tokens::stored(record)?, now_ns)?;
    tokens::commit_at_rest(record, revoked(agent, who, now_ns), changes, now_ns)?;
    Ok(revoked_text(agent))
}

/// Returns what was done, in a line for a person.
pub(crate) fn revoked_text(agent: &str) -> String {
    format!("the credentials of agent {agent} are revoked")
}

/// Returns the audit entry of an enrolment.
pub(crate) fn enrolled(enrolment: &Enrolment, time_ns: u64) -> AuditedChange {
    AuditedChange {
        time_ns,
        who: tokens::caller_name(&enrolment.token),
        what: "agent enrolled".to_owned(),
        subject: enrolment.agent.clone(),
        before: serde_json::Value::Null,
        after: serde_json::json!({ "id": enrolment.id }),
    }
}

/// Returns the audit entry of credentials that were revoked.
pub(crate) fn revoked(agent: &str, who: &str, time_ns: u64) -> AuditedChange {
    AuditedChange {
        time_ns,
        who: who.to_owned(),
        what: "credentials of an agent revoked".to_owned(),
        subject: agent.to_owned(),
        before: serde_json::Value::Null,
        after: serde_json::Value::Null,
    }
}

/// Whether a token is the credentials of an agent.
pub(crate) fn is_credentials(token: &StoredToken) -> bool {
    token.agent.is_some() && tokens::roles(token).contains(Role::Agent)
}

fn needs_token(who: &str) -> ApiError {
    let text = format!("an agent is enrolled with a token of the role enrol, and {who:?} is none: make one with");
    ApiError::Forbidden(format!("{text} `lifesigns token add NAME --role enrol`"))
}

/// Returns a name for the credentials of an agent: `agent-NAME`, of what such a name may have.
fn free_name(agent: &str, all: &[StoredToken], gone: &[&StoredToken]) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let base: String = "agent-".chars().chain(agent.chars().map(plain).take(SLUG_CHARS)).collect();
    let is_taken =
        |name: &str| all.iter().any(|token| token.name == name) && !gone.iter().any(|token| token.name == name);
    let numbered = (2_u32..).map(|number| format!("{base}-{number}"));
    std::iter::once(base.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1000;

    fn token(name: &str, role: Role, agent: Option<&str>) -> StoredToken {
        StoredToken {
            name: name.to_owned(),
            id: format!("{:016x}", name.len()),
            hash: [7; 32],
            roles: vec![role.as_str().to_owned()],
            created_by: "alice".to_owned(),
            created_ns: 1,
            expires_ns: (role == Role::Enrol).then_some(NOW + 1),
            agent: agent.map(str::to_owned),
            revoked_ns: None,
        }
    }

    fn enrolment(agent: &str, digit: char, who: &str) -> Result<Enrolment, ApiError> {
        let text = |count| std::iter::repeat_n(digit, count).collect();
        Enrolment::new(agent, &AgentCredentials { id: text(16), hash: text(64) }, who)
    }

    fn applied(all: &mut Vec<StoredToken>, changes: Vec<TokenChange>) {
        for change in changes {
            match change {
                TokenChange::Added(token) => all.push(token),
                TokenChange::Changed(token) => all.iter_mut().filter(|one| one.name == token.name).for_each(|one| {
                    one.clone_from(&token);
                }),
                TokenChange::Revoked(name) => all.retain(|one| one.name != name),
            }
        }
    }

    #[test]
    fn a_token_enrols_one_agent_and_the_same_question_again_changes_nothing() {
        let mut all = vec![token("setup", Role::Enrol, None), token("ops", Role::Admin, None)];
        let first = enrolment("Web.1", 'a', "token setup").expect("it is sound");
        let changed = changes(&first, &all, NOW).expect("it is enrolled");
        applied(&mut all, changed);
        let own = all.iter().find(|token| is_credentials(token)).expect("it has credentials");
        assert_eq!((own.name.as_str(), own.created_by.as_str(), own.hash), ("agent-web-1", "token setup", [0xaa; 32]));
        assert_eq!(changes(&first, &all, NOW).expect("it asks again"), []);
        // Others with the same token: another agent, and another secret.
        for other in [enrolment("web-2", 'b', "token setup"), enrolment("Web.1", 'b', "token setup")] {
            let refused = changes(&other.expect("it is sound"), &all, NOW).expect_err("it is used up");
            assert!(
                matches!(&refused, ApiError::Conflict(why) if why.contains("used up by the agent Web.1")),
                "{refused}"
            );
        }
        // And with another token, the name is taken until it is revoked.
        all.push(token("more", Role::Enrol, None));
        let again = enrolment("Web.1", 'c', "token more").expect("it is sound");
        let refused = changes(&again, &all, NOW).expect_err("the name is taken");
        assert!(refused.to_string().contains("agents revoke Web.1"), "{refused}");
        let revoked = revocations("Web.1", &all, NOW).expect("it has credentials");
        applied(&mut all, revoked);
        assert!(revocations("Web.1", &all, NOW).is_err());
        let changed = changes(&again, &all, NOW + 5).expect("it is enrolled again");
        applied(&mut all, changed);
        // The tombstone and the enrolment that has expired are gone.
        let names: Vec<&str> = all.iter().map(|token| token.name.as_str()).collect();
        assert_eq!(names, ["ops", "agent-web-1"]);
    }

    #[test]
    fn only_a_token_for_it_enrols_and_what_is_sent_makes_sense() {
        let all = [token("fleet", Role::Agent, None), token("ops", Role::Admin, None)];
        for who in ["token fleet", "token ops", "token none"] {
            let asked = enrolment("web-1", 'a', who).expect("it is sound");
            assert!(matches!(changes(&asked, &all, NOW), Err(ApiError::Forbidden(_))), "{who}");
        }
        assert!(matches!(enrolment("web-1", 'a', "root"), Err(ApiError::Forbidden(_))));
        for agent in ["", "a\nb", &"x".repeat(256)] {
            assert!(matches!(enrolment(agent, 'a', "token setup"), Err(ApiError::Invalid(_))), "{agent:?}");
        }
        assert!(matches!(enrolment("web-1", 'A', "token setup"), Err(ApiError::Invalid(_))));
        assert!(matches!(enrolment("web-1", 'g', "token setup"), Err(ApiError::Invalid(_))));
    }
}
