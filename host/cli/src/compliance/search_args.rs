//! Which events a search is for, as typed.

use clap::Args;
use lifesigns_api::FieldPattern;

use super::when;

/// Which events.
#[derive(Args, Clone, Debug)]
pub(crate) struct SearchArgs {
    /// A piece of the line; capital and small letters are the same.
    pub(crate) text: Option<String>,
    /// Only about this object; * stands for any run of characters.
    #[arg(long, value_name = "ID")]
    pub(crate) object: Option<String>,
    /// Only from this source; * stands for any run of characters.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// Only with this field, as NAME=PATTERN; `app` is the program that wrote the line. May be repeated.
    #[arg(long = "field", value_name = "NAME=PATTERN", value_parser = field)]
    pub(crate) fields: Vec<FieldPattern>,
    /// From this event time on: 2h, 1d, 2026-11-28T08:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = when::since)]
    pub(crate) since: Option<u64>,
    /// Before this event time.
    #[arg(long, value_name = "TIME", value_parser = when::since)]
    pub(crate) until: Option<u64>,
    /// At most this many, the latest.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
}

fn field(text: &str) -> Result<FieldPattern, String> {
    let (name, pattern) = text.split_once('=').ok_or("write NAME=PATTERN")?;
    Ok(FieldPattern { name: name.to_owned(), pattern: pattern.to_owned() })
}
