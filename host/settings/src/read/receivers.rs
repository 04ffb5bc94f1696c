//! Receivers. What their own parts check is told here with its place.

use lifesigns_outlets::config::{
    Alertmanager, Email, KEEP_ALIVE_MS, Ndjson, ReceiverConfig, ReceiverKind, Retry, Secret, Server, TIMEOUT_MS,
    Template, Url, Webhook,
};

use super::{Reader, duration, flag, owned, text, texts, whole};
use crate::{
    node::{Entry, Node},
    source,
};

impl Reader<'_, '_> {
    pub(super) fn receivers(&mut self, tables: &[Node]) -> Vec<ReceiverConfig> {
        self.unique("receiver", tables);
        tables.iter().filter_map(|table| self.receiver(table)).collect()
    }

    fn receiver(&mut self, table: &Node) -> Option<ReceiverConfig> {
        let name = owned(table, "name");
        let retry = table.get("retry").map_or_else(Retry::default, retry);
        let (node, kind) = if let Some(node) = table.get("webhook") {
            (node, ReceiverKind::Webhook(self.webhook(node)?))
        } else if let Some(node) = table.get("alertmanager") {
            (node, ReceiverKind::Alertmanager(self.alertmanager(node)?))
        } else if let Some(node) = table.get("email") {
            (node, ReceiverKind::Email(self.email(node)?))
        } else {
            let node = table.get("ndjson")?;
            (node, ReceiverKind::Ndjson(Ndjson { file: self.path_of(node, "file") }))
        };
        let receiver = ReceiverConfig { name, kind, retry };
        // What the tables of keys check as well is said by them, at its place.
        let place = self.place(node);
        if !self.check.notes.has_line(&place) {
            for what in receiver.mistakes() {
                self.check.hushed(&node.at, what, None);
            }
        }
        Some(receiver)
    }

    fn webhook(&mut self, table: &Node) -> Option<Webhook> {
        let template = table.get("template").and_then(|template| template.get("file"));
        Some(Webhook {
            headers: self.headers(table),
            secret: table.get("secret").and_then(|node| self.secret(node)),
            template: template.and_then(|file| self.template(file)),
            timeout_ms: duration(table, "timeout", TIMEOUT_MS),
            ca: self.path_of(table, "ca"),
            url: self.url(table.get("url")?)?,
        })
    }

    fn alertmanager(&mut self, table: &Node) -> Option<Alertmanager> {
        Some(Alertmanager {
            headers: self.headers(table),
            keep_alive_ms: duration(table, "keep-alive", KEEP_ALIVE_MS),
            timeout_ms: duration(table, "timeout", TIMEOUT_MS),
            ca: self.path_of(table, "ca"),
            url: self.url(table.get("url")?)?,
        })
    }

    fn email(&mut self, table: &Node) -> Option<Email> {
        let node = table.get("server")?;
        let server = match Server::new(node.text()?, flag(table, "starttls", false)) {
            Ok(server) => server,
            Err(why) => {
                self.check.hushed(&node.at, format!("`server` cannot be used: {why}"), None);
                return None;
            }
        };
        Some(Email {
            server,
            from: owned(table, "from"),
            to: texts(table, "to"),
            user: table.get("user").and_then(|node| self.secret(node)),
            password: table.get("password").and_then(|node| self.secret(node)),
            timeout_ms: duration(table, "timeout", TIMEOUT_MS),
            ca: self.path_of(table, "ca"),
        })
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

    fn url(&mut self, node: &Node) -> Option<Url> {
        let Some(text) = node.text() else { return self.secret(node).map(Url::secret) };
        match Url::new(text) {
            Ok(url) => Some(url),
            Err(why) => {
                self.check.hushed(&node.at, format!("`url` cannot be used: {why}"), None);
                None
            }
        }
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

fn retry(table: &Node) -> Retry {
    let default = Retry::default();
    Retry {
        attempts: whole(table, "attempts").and_then(|number| u32::try_from(number).ok()).unwrap_or(default.attempts),
        first_ms: duration(table, "first", default.first_ms),
        max_ms: duration(table, "max", default.max_ms),
    }
}
