//! Routes. A nested route inherits what it does not set from the enclosing route.

use lifesigns_compliance::config::{Grouping, Route};
use lifesigns_document::RawNode;
use lifesigns_model::Criticality;

use super::{
    compliance::ComplianceReader,
    fields::{location, patterns},
};

const INTERVAL_MS: u64 = 60_000;
const REPEAT_MS: u64 = 4 * 3600 * 1000;

impl ComplianceReader<'_, '_> {
    pub(super) fn routes(&mut self, tables: &[RawNode]) -> Vec<Route> {
        let grouping = Grouping { by: Vec::new(), wait_ms: 0, interval_ms: INTERVAL_MS, repeat_ms: REPEAT_MS };
        let around = Route { grouping, ..Route::default() };
        tables.iter().map(|table| self.route(table, &around)).collect()
    }

    fn route(&mut self, table: &RawNode, around: &Route) -> Route {
        self.known_groups(table.list_of("groups"));
        self.known_receivers(table.list_of("receivers"));
        for node in table.list_of("alerts") {
            self.known_alert(&node.at, node.text().unwrap_or_default());
        }
        let mut route = Route {
            place: location(self.check, &table.at),
            groups: table.texts_of("groups"),
            at_least: table.text_of("at-least").and_then(Criticality::from_word),
            objects: patterns(table, "objects"),
            alerts: patterns(table, "alerts"),
            receivers: texts_or(table, "receivers", &around.receivers),
            go_on: table.flag_of("continue").unwrap_or(false),
            routes: Vec::new(),
            grouping: Grouping {
                by: texts_or(table, "group-by", &around.grouping.by),
                wait_ms: table.duration_of("wait").unwrap_or(around.grouping.wait_ms),
                interval_ms: table.duration_of("interval").unwrap_or(around.grouping.interval_ms),
                repeat_ms: table.duration_of("repeat").unwrap_or(around.grouping.repeat_ms),
            },
        };
        route.routes = table.list_of("route").iter().map(|inner| self.route(inner, &route)).collect();
        route
    }
}

fn texts_or(table: &RawNode, key: &str, default: &[String]) -> Vec<String> {
    if table.get(key).is_some() { table.texts_of(key) } else { default.to_vec() }
}
