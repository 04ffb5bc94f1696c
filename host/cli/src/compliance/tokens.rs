//! `lifesigns token`: who may ask the API in the network.

use lifesigns::model::{Clock as _, SystemClock};
use lifesigns_api::{CreatedToken, NewToken, Role, RoleSet, TokenInfo};
use lifesigns_text::visible;

use super::{
    args::TargetArgs,
    parts::{Expiry, TokenCommand},
    service_target::ServiceTarget,
    table::{Style, Table, View},
    when,
    write::{emit, emit_text},
};
use crate::{exit::Outcome, terminal};

pub(crate) fn run(command: Option<&TokenCommand>, place: &TargetArgs) -> Outcome {
    match command {
        None | Some(TokenCommand::List) => {
            let tokens = ServiceTarget::new(place)?.ask(|host| host.tokens())?;
            emit(&tokens, place, |view| list(&tokens, view))
        }
        Some(TokenCommand::Add { name, roles, expires }) => {
            let expires = expires.unwrap_or_else(|| Expiry::default_of(roles, SystemClock.now_ns()));
            let expires_ns = match expires {
                Expiry::Never => None,
                Expiry::At(time_ns) => Some(time_ns),
            };
            let new = NewToken { name: name.clone(), roles: RoleSet::from(roles.clone()), expires_ns };
            let made = ServiceTarget::new(place)?.ask(|host| host.add_token(&new))?;
            emit(&made, place, |view| created(&made, view))
        }
        Some(TokenCommand::Revoke { name }) => {
            emit_text(&ServiceTarget::new(place)?.ask(|host| host.revoke_token(name))?, place)
        }
    }
}

/// The token alone on a line, so that it can be piped, and the rest for people.
fn created(made: &CreatedToken, view: &View) -> String {
    let expires = made.info.expires_ns.map_or("it never expires".to_owned(), |expires_ns| {
        format!("it expires {}", when::ago(expires_ns, view.now_ns))
    });
    let remark = format!("token {} ({}): keep it, it is not shown again; {expires}", made.info.name, made.info.roles);
    terminal::line(&remark);
    format!("{}\n", made.token)
}

fn list(tokens: &[TokenInfo], view: &View) -> String {
    if tokens.is_empty() {
        return "there is no token; make one with `lifesigns token add NAME --role ROLE`\n".to_owned();
    }
    let mut table = Table::new(view, &["!NAME", "ROLES", "!MADE BY", "!AGE", "!EXPIRES", "!USED", "AGENT"]);
    for token in tokens {
        let expires = match token.expires_ns {
            _ if token.revoked_ns.is_some() => Style::Red.on("revoked"),
            _ if token.agent.is_some() && token.roles.contains(Role::Enrol) => "used up".to_owned(),
            None => "never".to_owned(),
            Some(expires_ns) if expires_ns <= view.now_ns => Style::Red.on("expired"),
            Some(expires_ns) => when::ago(expires_ns, view.now_ns),
        };
        table.row(vec![
            visible(&token.name),
            token.roles.to_string(),
            visible(&token.created_by),
            when::ago(token.created_ns, view.now_ns),
            expires,
            token.used_ns.map_or("-".to_owned(), |used_ns| when::ago(used_ns, view.now_ns)),
            token.agent.as_deref().map_or_else(|| "-".to_owned(), visible),
        ]);
    }
    table.draw()
}
