//! Silences.

use lifesigns_compliance::Silence;
use lifesigns_text::visible;

use super::{
    super::{
        matcher,
        table::{Style, Table, View},
        when,
    },
    short,
};

/// A list of silences.
pub(crate) fn silences(silences: &[Silence], view: &View) -> String {
    if silences.is_empty() {
        return "no silences\n".to_owned();
    }
    let mut table = Table::new(view, &["!ID", "MATCHES", "!STATE", "!ENDS", "WHO", "WHY"]);
    for silence in silences {
        let matchers: Vec<String> = silence.matchers.iter().map(matcher::typed).collect();
        let state = if silence.until_ns <= view.now_ns {
            Style::Dim.on("ended")
        } else if silence.from_ns > view.now_ns {
            Style::Dim.on("to come")
        } else {
            Style::Yellow.on("in force")
        };
        table.row(vec![
            short(&silence.id),
            visible(&matchers.join(" ")),
            state,
            if silence.until_ns > view.now_ns { when::ago(silence.until_ns, view.now_ns) } else { String::new() },
            visible(&silence.who),
            visible(&silence.why),
        ]);
    }
    table.draw()
}
