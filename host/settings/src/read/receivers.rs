//! Receivers. What their own parts check is told here with its place.

use lifesigns_notifications::config::{
    Alertmanager, Email, KEEP_ALIVE_MS, Mistake, Ndjson, ReceiverConfig, ReceiverKind, Retry, Secret, Server,
    TIMEOUT_MS, Template, Url, Webhook,
};

use super::{Reader, duration, flag, text, texts, whole};
use crate::{
    node::{Entry, Node},
    source,
    units::{duration_ms, duration_text},
};

/// Stands where something is missing or wrong. That was noted, so nobody ever uses it; what else is
/// wrong is found so.
const UNKNOWN: &str = "unknown";
const STAND_IN: &str = "stand-in@stand-in.invalid";

/// Returns where the mistake stands, if this table has its key: the item of a list, the entry of a
/// table, else the value.
fn place<'a>(table: &'a Node, mistake: &Mistake) -> Option<&'a source::At> {
    let node = table.get(mistake.key)?;
    let Some(item) = &mistake.item else { return Some(&node.at) };
    let listed = node.items().iter().find(|one| one.text() == Some(item)).map(|one| &one.at);
    Some(listed.or_else(|| node.entry(item).map(|entry| &entry.at)).unwrap_or(&node.at))
}

impl Reader<'_, '_> {
    pub(super) fn receivers(&mut self, tables: &[Node]) -> Vec<ReceiverConfig> {
        self.unique("receiver", tables);
        tables.iter().filter_map(|table| self.receiver(table)).collect()
    }

    fn receiver(&mut self, table: &Node) -> Option<ReceiverConfig> {
        let name = text(table, "name").unwrap_or(UNKNOWN).to_owned();
        let retry = table.get("retry").map_or_else(Retry::default, |node| self.retry(node));
        let (node, kind) = if let Some(node) = table.get("webhook") {
            (node, ReceiverKind::Webhook(self.webhook(node)))
        } else if let Some(node) = table.get("alertmanager") {
            (node, ReceiverKind::Alertmanager(self.alertmanager(node)))
        } else if let Some(node) = table.get("email") {
            (node, ReceiverKind::Email(self.email(node)?))
        } else {
            let node = table.get("ndjson")?;
            (node, ReceiverKind::Ndjson(Ndjson { file: self.path_of(node, "file"), mode: self.file_mode }))
        };
        let anchor_ms = text(table, "anchor-audit").and_then(duration_ms);
        let receiver = ReceiverConfig { name, kind, retry, anchor_ms };
        for mistake in receiver.mistakes() {
            let tables = [Some(node), table.get("retry"), Some(table)];
            let at = tables.into_iter().flatten().find_map(|table| place(table, &mistake)).unwrap_or(&node.at);
            self.check.wrong(at, mistake.what, None);
        }
        Some(receiver)
    }

    fn webhook(&mut self, table: &Node) -> Webhook {
        let template = table.get("template").and_then(|template| template.get("file"));
        Webhook {
            headers: self.headers(table),
            secret: table.get("secret").and_then(|node| self.secret(node)),
            template: template.and_then(|file| self.template(file)),
            timeout_ms: at_least(table, "timeout", TIMEOUT_MS, 1),
            ca: self.path_of(table, "ca"),
            url: self.url(table),
        }
    }

    fn alertmanager(&mut self, table: &Node) -> Alertmanager {
        Alertmanager {
            headers: self.headers(table),
            keep_alive_ms: at_least(table, "keep-alive", KEEP_ALIVE_MS, 1000),
            timeout_ms: at_least(table, "timeout", TIMEOUT_MS, 1),
            ca: self.path_of(table, "ca"),
            url: self.url(table),
        }
    }

    fn email(&mut self, table: &Node) -> Option<Email> {
        let kept = |key| table.get(key).and_then(|node| self.secret(node));
        let login = kept("user").zip(kept("password"));
        let mut to = texts(table, "to");
        if to.is_empty() {
            to.push(STAND_IN.to_owned());
        }
        let (user, password) = login.unzip();
        let server = self.server(table).or_else(|| Server::new("smtps://stand-in.invalid", false).ok())?;
        Some(Email {
            server,
            from: text(table, "from").unwrap_or(STAND_IN).to_owned(),
            to,
            user,
            password,
            timeout_ms: at_least(table, "timeout", TIMEOUT_MS, 1),
            ca: self.path_of(table, "ca"),
        })
    }

    fn server(&mut self, table: &Node) -> Option<Server> {
        let node = table.get("server")?;
        match Server::new(node.text()?, flag(table, "starttls", false)) {
            Ok(server) => Some(server),
            Err(why) => {
                self.check.mask(&node.at);
                self.check.wrong(&node.at, format!("`server` cannot be used: {why}"), None);
                None
            }
        }
    }

    fn headers(&mut self, table: &Node) -> Vec<(String, Secret)> {
        let entries = table.get("headers").map_or(&[][..], Node::entries);
        let header = |Entry { key, node, .. }: &Entry| Some((key.clone(), self.secret(node)?));
        entries.iter().filter_map(header).collect()
    }

    /// A secret, or a text that is none.
    fn secret(&self, node: &Node) -> Option<Secret> {
        let file = || self.path_of(node, "file").map(Secret::File);
        let env = || text(node, "env").map(|name| Secret::Env(name.to_owned()));
        node.text().map(|text| Secret::Plain(text.to_owned())).or_else(env).or_else(file)
    }

    fn url(&mut self, table: &Node) -> Url {
        let stand_in = || Url::secret(Secret::Env(UNKNOWN.to_owned()));
        let Some(node) = table.get("url") else { return stand_in() };
        let Some(text) = node.text() else { return self.secret(node).map_or_else(stand_in, Url::secret) };
        Url::new(text).unwrap_or_else(|why| {
            self.check.wrong(&node.at, format!("`url` cannot be used: {why}"), None);
            stand_in()
        })
    }

    fn retry(&mut self, table: &Node) -> Retry {
        let default = Retry::default();
        let attempts = whole(table, "attempts").and_then(|number| u32::try_from(number).ok());
        let retry = Retry {
            attempts: attempts.unwrap_or(default.attempts).max(1),
            first_ms: at_least(table, "first", default.first_ms, 1),
            max_ms: at_least(table, "max", default.max_ms, 1),
        };
        if retry.max_ms < retry.first_ms {
            let at = table.get("max").or(table.get("first")).map_or(&table.at, |node| &node.at);
            let (first, max) = (duration_text(retry.first_ms), duration_text(retry.max_ms));
            self.check.wrong(at, format!("the longest wait (\"{max}\") is shorter than the first (\"{first}\")"), None);
            return default;
        }
        retry
    }

    fn template(&mut self, node: &Node) -> Option<Template> {
        let path = self.path(node)?;
        let template = source::read(&path).and_then(Template::new);
        self.files.push(path);
        match template {
            Ok(template) => Some(template),
            Err(why) => {
                self.check.wrong(&node.at, format!("the template cannot be used: {why}"), None);
                None
            }
        }
    }
}

/// A duration; one that is too short was noted already.
fn at_least(table: &Node, key: &str, default_ms: u64, least_ms: u64) -> u64 {
    duration(table, key, default_ms).max(least_ms)
}
