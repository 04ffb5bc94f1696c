//! The table of routes and roles in `docs/api.md` is the one that the gateway goes by.
#![allow(clippy::unwrap_used)]

use std::{fmt::Write as _, fs};

use lifesigns_gateway::ROUTES;

const PAGE: &str = "../../docs/api.md";
const BEGIN: &str = "--test documented` -->\n";
const END: &str = "<!-- end of routes -->";

#[test]
fn the_page_has_the_table_of_routes_and_roles() {
    let mut table = "\n| needs | method and path | |\n|---|---|---|\n".to_owned();
    for rule in ROUTES {
        let needs = rule.needs.map_or("nothing".to_owned(), |role| format!("`{}`", role.as_str()));
        let _ = writeln!(table, "| {needs} | `{} {}` | {} |", rule.method, rule.path, rule.summary);
    }
    table.push('\n');
    let page = fs::read_to_string(PAGE).unwrap();
    let (head, rest) = page.split_once(BEGIN).unwrap();
    let (there, tail) = rest.split_once(END).unwrap();
    if std::env::var_os("LIFESIGNS_BLESS").is_some() && there != table {
        fs::write(PAGE, format!("{head}{BEGIN}{table}{END}{tail}")).unwrap();
        return;
    }
    assert!(there == table, "run `LIFESIGNS_BLESS=1 cargo test -p lifesigns-gateway --test documented`");
}
