//! Tables and styled text for people. Styles travel through the layout as characters of no width
//! and become colours at the end: what is shown of logs has none of them (see `visible`), so it
//! can neither colour nor break a table.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, presets};
use lifesigns::model::Criticality;
use lifesigns_notifications::terminal::Colour;
use lifesigns_text::visible;

/// How a text looks: the character that stands for it on its way, and its ANSI style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Bold,
    Dim,
    Red,
    Orange,
    Yellow,
    Green,
    Cyan,
}

/// All styles with their marks.
const MARKS: [(Style, char, &str); 7] = [
    (Style::Bold, '\u{202a}', "1"),
    (Style::Dim, '\u{202b}', "2"),
    (Style::Red, '\u{202c}', "1;31"),
    (Style::Orange, '\u{202d}', "38;5;208"),
    (Style::Yellow, '\u{202e}', "33"),
    (Style::Green, '\u{2066}', "32"),
    (Style::Cyan, '\u{2067}', "36"),
];
const END: char = '\u{2069}';

/// For whom it is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// Whether to colour.
    pub(crate) colour: Colour,
    /// Columns of the terminal; without, lines are as long as they are.
    pub(crate) width: Option<u16>,
    /// For ages.
    pub(crate) now_ns: u64,
}

impl Style {
    /// Returns a text of ours in this style; what comes from outside goes through `visible` first.
    pub(crate) fn on(self, text: &str) -> String {
        let mark = MARKS.iter().find(|(style, ..)| *style == self).map_or(END, |(_, mark, _)| *mark);
        format!("{mark}{text}{END}")
    }
}

/// Returns the word for a criticality in its colour.
pub(crate) fn criticality(criticality: Criticality) -> String {
    let style = match criticality {
        Criticality::Information => Style::Cyan,
        Criticality::Warning => Style::Yellow,
        Criticality::Immediate => Style::Orange,
        Criticality::Critical => Style::Red,
    };
    style.on(criticality.as_str())
}

/// Returns a badge's score in its colour.
pub(crate) fn score(score: u8) -> String {
    let style = match score {
        100.. => Style::Green,
        75..=99 => Style::Yellow,
        25..=74 => Style::Orange,
        _ => Style::Red,
    };
    style.on(&format!("● {score}"))
}

/// A table without lines, as terminals' tools have them.
pub(crate) struct Table {
    inner: comfy_table::Table,
    rows: usize,
    header: bool,
}

impl Table {
    /// Returns a table with these columns. A column whose name begins with `>` is a number's; one with `!` is never broken
    /// into lines.
    pub(crate) fn new(view: &View, columns: &[&str]) -> Self {
        let mut inner = empty(view);
        let names = columns.iter().map(|name| Style::Dim.on(name.trim_start_matches(['>', '!'])));
        inner.set_header(names.collect::<Vec<_>>());
        for (column, name) in inner.column_iter_mut().zip(columns) {
            column.set_padding((0, 2));
            if name.starts_with('>') {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if name.starts_with(['>', '!']) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        Self { inner, rows: 0, header: true }
    }

    /// Names and what they stand for.
    pub(crate) fn pairs(view: &View) -> Self {
        Self { inner: empty(view), rows: 0, header: false }
    }

    /// A row; its cells are styled or made visible already.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.inner.add_row(cells);
        self.rows += 1;
    }

    /// A name and what it stands for, if that is something.
    pub(crate) fn pair(&mut self, name: &str, value: String) {
        if !value.is_empty() {
            self.row(vec![Style::Dim.on(name), value]);
        }
    }

    /// Returns the table with its line ends; still with marks, see [`paint`].
    pub(crate) fn draw(mut self) -> String {
        if self.rows == 0 && !self.header {
            return String::new();
        }
        if !self.header {
            for (at, column) in self.inner.column_iter_mut().enumerate() {
                column.set_padding((0, 2));
                if at == 0 {
                    column.set_constraint(ColumnConstraint::ContentWidth);
                }
            }
        }
        let mut text = String::new();
        for line in self.inner.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

fn empty(view: &View) -> comfy_table::Table {
    let mut inner = comfy_table::Table::new();
    inner.load_style(presets::NOTHING);
    if let Some(width) = view.width {
        inner.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    inner
}

/// Marks become colours, or nothing. A style ends with its line: what is broken over several lines
/// of a table does not colour its neighbours.
pub(crate) fn paint(text: &str, colour: Colour) -> String {
    let mut painted = String::with_capacity(text.len());
    let mut styled = false;
    for character in text.chars() {
        let style = MARKS.iter().find(|(_, mark, _)| *mark == character).map(|(.., style)| *style);
        if style.is_none() && character != END {
            if character == '\n' && std::mem::take(&mut styled) {
                painted.push_str("\x1b[0m");
            }
            painted.push(character);
            continue;
        }
        if colour == Colour::Off {
            continue;
        }
        match style {
            Some(style) => {
                painted.push_str(&format!("\x1b[{style}m"));
                styled = true;
            }
            None if std::mem::take(&mut styled) => painted.push_str("\x1b[0m"),
            None => {}
        }
    }
    painted
}

/// Returns a heading of a part of a page.
pub(crate) fn heading(text: &str) -> String {
    format!("\n{}\n", Style::Bold.on(text))
}

/// Names from outside, with commas.
pub(crate) fn names(names: &[String]) -> String {
    visible(&names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: View = View { colour: Colour::Off, width: None, now_ns: 0 };

    #[test]
    fn columns_line_up_with_and_without_colour() {
        let draw = || {
            let mut table = Table::new(&PLAIN, &["!ID", "!HOW", ">N", "WHAT"]);
            table.row(vec!["a".into(), Style::Red.on("critical"), "1".into(), "x".into()]);
            table.row(vec!["bc".into(), Style::Cyan.on("info"), "1000".into(), visible("é\x1b[2J\u{202c}")]);
            table.draw()
        };
        let plain = paint(&draw(), Colour::Off);
        assert_eq!(
            plain,
            "ID  HOW          N  WHAT\na   critical     1  x\nbc  info      1000  é\\u{1b}[2J\\u{202c}\n"
        );
        let coloured = paint(&draw(), Colour::On);
        assert!(coloured.contains("\x1b[1;31mcritical\x1b[0m     1"), "{coloured:?}");
        assert_eq!(coloured.matches("\x1b[0m").count(), 6);
    }

    #[test]
    fn a_narrow_terminal_breaks_only_what_may_be_broken() {
        let view = View { width: Some(40), ..PLAIN };
        let mut table = Table::new(&view, &["!ID", "WHAT"]);
        table.row(vec!["0123456789".into(), "many words that do not fit into what is left of it".into()]);
        let text = paint(&table.draw(), Colour::Off);
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert!(text.lines().count() > 2 && text.contains("0123456789"), "{text}");
    }
}
