//! Silences.

use lifesigns_compliance::{
    Silence,
    query::{FilterMatches, SilenceDetails},
};
use lifesigns_text::{time_text, visible};

use super::{
    super::{
        matcher,
        table::{Style, Table, View, heading},
        when,
    },
    alert::alerts,
    cells::{count, short, stamp},
};

/// Returns a list of silences.
pub(crate) fn silences(silences: &[Silence], view: &View) -> String {
    if silences.is_empty() {
        return "no silences\n".to_owned();
    }
    let mut table = Table::new(view, &["!ID", "MATCHES", "!STATE", "!BEGINS", "!ENDS", "WHO", "WHY"]);
    for silence in silences {
        let begins =
            if silence.from_ns > view.now_ns { when::ago(silence.from_ns, view.now_ns) } else { String::new() };
        table.row(vec![
            short(&silence.id),
            typed(silence),
            state(silence, view),
            begins,
            if silence.until_ns > view.now_ns { when::ago(silence.until_ns, view.now_ns) } else { String::new() },
            visible(&silence.who),
            visible(&silence.why),
        ]);
    }
    table.draw()
}

fn typed(silence: &Silence) -> String {
    let matchers: Vec<String> = silence.matchers.iter().map(matcher::typed).collect();
    visible(&matchers.join(" "))
}

fn state(silence: &Silence, view: &View) -> String {
    if silence.until_ns <= view.now_ns {
        Style::Dim.on("ended")
    } else if silence.from_ns > view.now_ns {
        Style::Dim.on("to come")
    } else {
        Style::Yellow.on("in force")
    }
}

/// All about one silence.
pub(crate) fn silence(page: &SilenceDetails, view: &View) -> String {
    let silence = &page.silence;
    let mut text = format!("silence {}  {}\n", Style::Bold.on(&visible(&silence.id)), state(silence, view));
    let mut table = Table::pairs(view);
    table.pair("matchers", typed(silence));
    table.pair("from", stamp(silence.from_ns, view));
    table.pair("until", stamp(silence.until_ns, view));
    table.pair("who", visible(&silence.who));
    table.pair("why", visible(&silence.why));
    table.pair("matches", matched(&page.matches));
    text.push_str(&table.draw());
    text.push_str(&heading("Alerts that it matches now"));
    text.push_str(&alerts(&page.matches.alerts, view));
    text
}

/// What a silence would match.
pub(crate) fn preview(matches: &FilterMatches, view: &View) -> String {
    let list = if matches.alerts.is_empty() { String::new() } else { alerts(&matches.alerts, view) };
    format!("{list}it would match {}\n", matched(matches))
}

/// What was made or changed, in a line.
pub(crate) fn silenced(page: &SilenceDetails, view: &View) -> String {
    let silence = &page.silence;
    let when = match silence.from_ns > view.now_ns {
        true => format!("comes into force at {} and ends at", time_text(silence.from_ns)),
        false => "is in force until".to_owned(),
    };
    format!(
        "silence {} {when} {}: it matches {}\n",
        short(&silence.id),
        time_text(silence.until_ns),
        matched(&page.matches)
    )
}

fn matched(matches: &FilterMatches) -> String {
    format!("{}, {} now", count(matches.objects, "object"), count(matches.alerts.len(), "open alert"))
}

/// That a silence matches nothing now.
pub(crate) fn matches_little(matches: &FilterMatches) -> String {
    match matches.objects {
        0 => "the silence matches no object that is known, and so no alert: look at its matchers".to_owned(),
        objects => format!("the silence matches no open alert now, on {}", count(objects, "object")),
    }
}
