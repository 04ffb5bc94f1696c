//! Routes. A nested route inherits what it does not set from the enclosing route.

use lifesigns_compliance::config::{Grouping, Route};

use super::{
    fields::{criticality, duration, flag, list, patterns, text, texts},
    reader::{KnownNames, Reader},
};
use crate::raw::RawNode;

const INTERVAL_MS: u64 = 60_000;
const REPEAT_MS: u64 = 4 * 3600 * 1000;

impl Reader<'_, '_> {
    pub(super) fn routes(&mut self, tables: &[RawNode], known: &KnownNames) -> Vec<Route> {
        let grouping = Grouping { by: Vec::new(), wait_ms: 0, interval_ms: INTERVAL_MS, repeat_ms: REPEAT_MS };
        let around = Route { grouping, ..Route::default() };
        tables.iter().map(|table| self.route(table, &around, known)).collect()
    }

    fn route(&mut self, table: &RawNode, around: &Route, known: &KnownNames) -> Route {
        self.known("group", list(table, "groups"), &known.groups);
        self.known("receiver", list(table, "receivers"), &known.receivers);
        for node in list(table, "alerts") {
            self.known_alert(&node.at, node.text().unwrap_or_default(), known);
        }
        let or =
            |key, default: &Vec<String>| if table.get(key).is_some() { texts(table, key) } else { default.clone() };
        let mut route = Route {
            place: self.place(table),
            groups: texts(table, "groups"),
            at_least: text(table, "at-least").and_then(criticality),
            objects: patterns(table, "objects"),
            alerts: patterns(table, "alerts"),
            receivers: or("receivers", &around.receivers),
            go_on: flag(table, "continue", false),
            routes: Vec::new(),
            grouping: Grouping {
                by: or("group-by", &around.grouping.by),
                wait_ms: duration(table, "wait", around.grouping.wait_ms),
                interval_ms: duration(table, "interval", around.grouping.interval_ms),
                repeat_ms: duration(table, "repeat", around.grouping.repeat_ms),
            },
        };
        route.routes = list(table, "route").iter().map(|inner| self.route(inner, &route, known)).collect();
        route
    }
}
