//! Receivers. Errors that their own checks find are reported here with their places.

use lifesigns_document::{RawEntry, RawNode, TextSpan, read_text};
use lifesigns_model::limits::TEXT_FILE_BYTES;
use lifesigns_notifications::config::{
    Alertmanager, BodyTemplate, ConfigValue, Email, KEEP_ALIVE_MS, Ndjson, ReceiverConfig, ReceiverConfigError,
    ReceiverKind, ReceiverUrl, Retry, SmtpServer, TIMEOUT_MS, Vrops, Webhook,
};

use lifesigns_text::duration_text;

use super::{fields::unique, reader::Reader};

/// Replaces a value that is missing or wrong, so that further errors are found. The error was reported
/// before, so the settings are never used.
const UNKNOWN: &str = "unknown";
const STAND_IN: &str = "stand-in@stand-in.invalid";

/// Returns where the error stands, if this table has its key: the item of a list, the entry of a
/// table, else the value.
fn place<'a>(table: &'a RawNode, error: &ReceiverConfigError) -> Option<&'a TextSpan> {
    let node = table.get(error.key)?;
    let Some(item) = &error.item else { return Some(&node.at) };
    let listed = node.items().iter().find(|one| one.text() == Some(item)).map(|one| &one.at);
    Some(listed.or_else(|| node.entry(item).map(|entry| &entry.at)).unwrap_or(&node.at))
}

/// Reads receivers.
pub(super) struct ReceiverReader<'r, 'a, 'c> {
    pub(super) reader: &'r mut Reader<'a, 'c>,
}

impl ReceiverReader<'_, '_, '_> {
    pub(super) fn receivers(&mut self, tables: &[RawNode]) -> Vec<ReceiverConfig> {
        unique("a receiver", tables, self.reader.check);
        tables.iter().filter_map(|table| self.receiver(table)).collect()
    }

    fn receiver(&mut self, table: &RawNode) -> Option<ReceiverConfig> {
        let name = table.text_of("name").unwrap_or(UNKNOWN).to_owned();
        let retry = table.get("retry").map_or_else(Retry::default, |node| self.retry(node));
        let (node, kind) = if let Some(node) = table.get("webhook") {
            (node, ReceiverKind::Webhook(self.webhook(node)))
        } else if let Some(node) = table.get("alertmanager") {
            (node, ReceiverKind::Alertmanager(self.alertmanager(node)))
        } else if let Some(node) = table.get("vrops") {
            (node, ReceiverKind::Vrops(self.vrops(node)))
        } else if let Some(node) = table.get("email") {
            (node, ReceiverKind::Email(self.email(node)?))
        } else {
            let node = table.get("ndjson")?;
            (
                node,
                ReceiverKind::Ndjson(Ndjson { file: self.reader.path_of(node, "file"), mode: self.reader.file_mode }),
            )
        };
        let anchor_ms = table.duration_of("anchor-audit");
        let receiver = ReceiverConfig { name, kind, retry, anchor_ms };
        for error in receiver.validate() {
            let tables = [Some(node), table.get("retry"), Some(table)];
            let at = tables.into_iter().flatten().find_map(|table| place(table, &error)).unwrap_or(&node.at);
            self.reader.check.error(at, error.what, None);
        }
        Some(receiver)
    }

    fn webhook(&mut self, table: &RawNode) -> Webhook {
        let template = table.get("template").and_then(|template| template.get("file"));
        Webhook {
            headers: self.headers(table),
            secret: table.get("secret").and_then(|node| self.secret(node)),
            template: template.and_then(|file| self.template(file)),
            timeout_ms: at_least(table, "timeout", TIMEOUT_MS, 1),
            ca: self.reader.path_of(table, "ca"),
            url: self.url(table),
        }
    }

    fn alertmanager(&mut self, table: &RawNode) -> Alertmanager {
        Alertmanager {
            headers: self.headers(table),
            keep_alive_ms: at_least(table, "keep-alive", KEEP_ALIVE_MS, 1000),
            timeout_ms: at_least(table, "timeout", TIMEOUT_MS, 1),
            ca: self.reader.path_of(table, "ca"),
            url: self.url(table),
        }
    }

    fn vrops(&mut self, table: &RawNode) -> Vrops {
        let unknown = || ConfigValue::Env(UNKNOWN.to_owned());
        let value = |key| table.get(key).and_then(|node| self.secret(node)).unwrap_or_else(unknown);
        let text = |key| table.text_of(key).map(str::to_owned);
        Vrops {
            user: value("user"),
            password: value("password"),
            auth_source: text("auth-source"),
            resource_kind: text("resource-kind"),
            resource: text("resource"),
            timeout_ms: at_least(table, "timeout", TIMEOUT_MS, 1),
            ca: self.reader.path_of(table, "ca"),
            url: self.url(table),
        }
    }

    fn email(&mut self, table: &RawNode) -> Option<Email> {
        let kept = |key| table.get(key).and_then(|node| self.secret(node));
        let login = kept("user").zip(kept("password"));
        let mut to = table.texts_of("to");
        if to.is_empty() {
            to.push(STAND_IN.to_owned());
        }
        let (user, password) = login.unzip();
        let server = self.server(table).or_else(|| SmtpServer::new("smtps://stand-in.invalid", false).ok())?;
        Some(Email {
            server,
            from: table.text_of("from").unwrap_or(STAND_IN).to_owned(),
            to,
            user,
            password,
            timeout_ms: at_least(table, "timeout", TIMEOUT_MS, 1),
            ca: self.reader.path_of(table, "ca"),
        })
    }

    fn server(&mut self, table: &RawNode) -> Option<SmtpServer> {
        let node = table.get("server")?;
        match SmtpServer::new(node.text()?, table.flag_of("starttls").unwrap_or(false)) {
            Ok(server) => Some(server),
            Err(why) => {
                self.reader.check.mask(&node.at);
                self.reader.check.error(&node.at, format!("`server` cannot be used: {why}"), None);
                None
            }
        }
    }

    fn headers(&mut self, table: &RawNode) -> Vec<(String, ConfigValue)> {
        let header = |RawEntry { key, node, .. }: &RawEntry| Some((key.clone(), self.secret(node)?));
        table.entries_of("headers").iter().filter_map(header).collect()
    }

    /// Returns a secret, or a text that is not secret.
    fn secret(&self, node: &RawNode) -> Option<ConfigValue> {
        if let Some(text) = node.text() {
            return Some(ConfigValue::Plain(text.to_owned()));
        }
        if let Some(name) = node.text_of("env") {
            return Some(ConfigValue::Env(name.to_owned()));
        }
        self.reader.path_of(node, "file").map(ConfigValue::File)
    }

    fn url(&mut self, table: &RawNode) -> ReceiverUrl {
        let stand_in = || ReceiverUrl::from_value(ConfigValue::Env(UNKNOWN.to_owned()));
        let Some(node) = table.get("url") else { return stand_in() };
        let Some(text) = node.text() else { return self.secret(node).map_or_else(stand_in, ReceiverUrl::from_value) };
        ReceiverUrl::new(text).unwrap_or_else(|why| {
            self.reader.check.error(&node.at, format!("`url` cannot be used: {why}"), None);
            stand_in()
        })
    }

    fn retry(&mut self, table: &RawNode) -> Retry {
        let default = Retry::default();
        let attempts = table.whole_of("attempts").and_then(|number| u32::try_from(number).ok());
        let retry = Retry {
            attempts: attempts.unwrap_or(default.attempts).max(1),
            first_ms: at_least(table, "first", default.first_ms, 1),
            max_ms: at_least(table, "max", default.max_ms, 1),
        };
        if retry.max_ms < retry.first_ms {
            let at = table.get("max").or(table.get("first")).map_or(&table.at, |node| &node.at);
            let first = duration_text(retry.first_ms);
            let max = duration_text(retry.max_ms);
            self.reader.check.error(
                at,
                format!("the longest wait (\"{max}\") is shorter than the first (\"{first}\")"),
                None,
            );
            return default;
        }
        retry
    }

    fn template(&mut self, node: &RawNode) -> Option<BodyTemplate> {
        let path = self.reader.path(node)?;
        let text = read_text(&path, TEXT_FILE_BYTES).map_err(|error| error.to_string());
        let template = text.and_then(BodyTemplate::new);
        self.reader.files.push(path);
        match template {
            Ok(template) => Some(template),
            Err(why) => {
                self.reader.check.error(&node.at, format!("the template cannot be used: {why}"), None);
                None
            }
        }
    }
}

/// Returns a duration; one that is too short was reported before.
fn at_least(table: &RawNode, key: &str, default_ms: u64, least_ms: u64) -> u64 {
    table.duration_of(key).unwrap_or(default_ms).max(least_ms)
}
