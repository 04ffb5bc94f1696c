//! Objects: a list, and all about one.

use lifesigns_compliance::{
    Object,
    query::{ObjectDetails, ObjectRow},
};
use lifesigns_text::visible;

use super::{
    super::{
        table::{Style, Table, View, criticality, heading, names, score},
        when,
    },
    alert::alerts,
    cells::{count, stamp, undecided},
    pending,
    sparkline::sparkline,
};

/// Returns a list of objects.
pub(crate) fn objects(lines: &[ObjectRow], view: &View) -> String {
    if lines.is_empty() {
        return "no objects\n".to_owned();
    }
    let mut table = Table::new(view, &["!BADGE", "!OBJECT", "KIND", "PARENT", "GROUPS", "SYMPTOMS", "!LAST SEEN"]);
    for line in lines {
        let id = visible(&line.object.id);
        let id = if line.object.discovered { format!("{id} {}", Style::Dim.on("(discovered)")) } else { id };
        table.row(vec![
            score(line.badge.score),
            id,
            visible(line.object.kind.as_deref().unwrap_or_default()),
            visible(line.object.parent.as_deref().unwrap_or_default()),
            names(&line.groups),
            names(&line.symptoms),
            seen(&line.object, view),
        ]);
    }
    format!("{}{}\n", table.draw(), Style::Dim.on(&count(lines.len(), "object")))
}

/// Returns when an object was last seen; one that only an inventory names was never seen.
fn seen(object: &Object, view: &View) -> String {
    if object.last_ns == 0 { Style::Dim.on("never") } else { when::ago(object.last_ns, view.now_ns) }
}

/// All about one object.
pub(crate) fn object(page: &ObjectDetails, view: &View) -> String {
    let object = &page.line.object;
    let mut text = format!("{}  {}\n", Style::Bold.on(&visible(&object.id)), score(page.line.badge.score));
    text.push_str(&facts(page, view));
    if !page.why.groups.is_empty() {
        text.push_str(&heading("Groups"));
        let mut table = Table::pairs(view);
        for it in &page.why.groups {
            table.row(vec![visible(&it.group), visible(&it.how), Style::Dim.on(&visible(&it.place.to_string()))]);
        }
        text.push_str(&table.draw());
    }
    text.push_str(&undecided(&page.undecided));
    if !page.symptoms.is_empty() {
        text.push_str(&heading("Symptoms"));
        text.push_str(&symptoms(page, view));
    }
    if !page.pending.is_empty() {
        text.push_str(&heading("Waiting"));
        text.push_str(&pending::of_objects(&page.pending, view));
    }
    text.push_str(&heading("Alerts"));
    text.push_str(&alerts(&page.alerts, view));
    text
}

fn facts(page: &ObjectDetails, view: &View) -> String {
    let object = &page.line.object;
    let mut table = Table::pairs(view);
    table.pair("kind", visible(object.kind.as_deref().unwrap_or_default()));
    table.pair("parent", visible(object.parent.as_deref().unwrap_or_default()));
    table.pair("children", names(&page.children));
    if object.discovered {
        table.pair("inventory", "not listed; discovered in the stream".to_owned());
    }
    if object.last_ns > 0 {
        table.pair("first seen", stamp(object.first_ns, view));
        table.pair("last seen", stamp(object.last_ns, view));
    }
    for (name, fact) in object.properties.iter() {
        if let Some(value) = &fact.value {
            table.pair(&visible(name), visible(value));
        }
    }
    for (name, fact) in &object.metrics {
        let ago = Style::Dim.on(&format!("({} ago)", when::ago(fact.time_ns, view.now_ns)));
        table.pair(&visible(name), format!("{} {ago}", fact.value));
    }
    for (name, fact) in &object.stale {
        let ago = when::ago(fact.time_ns, view.now_ns);
        let text = format!("{}, stale: not reported again for {ago}", fact.value);
        table.pair(&visible(name), Style::Dim.on(&text));
    }
    table.pair("badge", format!("{} by the worst, {} by share", page.line.badge.worst, page.line.badge.share));
    table.pair("history", sparkline(&page.history, view.now_ns));
    table.draw()
}

fn symptoms(page: &ObjectDetails, view: &View) -> String {
    let mut table = Table::new(view, &["!SYMPTOM", "!STATE", "!CRITICALITY", "!SINCE", ">COUNT", "SUMMARY"]);
    for symptom in &page.symptoms {
        table.row(vec![
            visible(&symptom.name),
            if symptom.active { Style::Bold.on("active") } else { Style::Dim.on("clear") },
            criticality(symptom.criticality),
            when::ago(symptom.since_ns, view.now_ns),
            symptom.count.to_string(),
            visible(&symptom.summary),
        ]);
    }
    table.draw()
}
