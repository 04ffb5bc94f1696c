//! Types of values that several tables of keys use.

use lifesigns_compliance::Expression;
use lifesigns_document::{TextSchema, ValueError, ValueSchema};
use lifesigns_intake::TimeFormat;
use lifesigns_notifications::config::Network;
use lifesigns_text::visible_word;

use crate::{time_of_day, zone};

pub(super) static TEXTS: ValueSchema = ValueSchema::List(&ValueSchema::Text, 0);
pub(super) static NAMES: ValueSchema = ValueSchema::List(&ValueSchema::Name, 0);

pub(super) const CRITICALITIES: &[&str] = &["information", "warning", "immediate", "critical"];

/// An expression (CEL).
pub(super) const EXPRESSION: ValueSchema = ValueSchema::Checked(&EXPRESSION_TEXT);
/// A time of day.
pub(super) const MINUTE: ValueSchema = ValueSchema::Checked(&MINUTE_TEXT);
/// Days of the week.
pub(super) const DAYS: ValueSchema = ValueSchema::Checked(&DAYS_TEXT);
/// A time zone's IANA name.
pub(super) const ZONE: ValueSchema = ValueSchema::Checked(&ZONE_TEXT);
/// A network, such as `10.0.0.0/8`.
pub(super) const NETWORK: ValueSchema = ValueSchema::Checked(&NETWORK_TEXT);
/// How the times of a source look.
pub(super) static TIME_FORMAT: ValueSchema = ValueSchema::Checked(&TIME_FORMAT_TEXT);

static EXPRESSION_TEXT: TextSchema =
    TextSchema::new("an expression in quotes", |text| match Expression::compile(text) {
        Ok(_) => Ok(()),
        Err(why) => Err(ValueError::plain(format!("cannot be evaluated: {why}"))),
    });

static MINUTE_TEXT: TextSchema =
    TextSchema::new("a time of day in quotes, such as \"08:00\"", |text| match time_of_day::minute(text) {
        Some(_) => Ok(()),
        None => Err(ValueError::unusable(text, "write a time of day as \"08:00\", from \"00:00\" to \"24:00\"")),
    })
    .pattern("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$");

static DAYS_TEXT: TextSchema =
    TextSchema::new("days in quotes, such as \"mon-fri\"", |text| match time_of_day::days(text) {
        Some(_) => Ok(()),
        None => Err(ValueError::unusable(text, "write days as \"mon-fri\", \"sat,sun\"")),
    })
    .pattern("^ *(mon|tue|wed|thu|fri|sat|sun)( *[-,] *(mon|tue|wed|thu|fri|sat|sun))* *$");

static ZONE_TEXT: TextSchema = TextSchema::new("a time zone in quotes, such as \"Europe/Berlin\"", |text| {
    let Err(meant) = zone::find(text) else { return Ok(()) };
    let help = meant.unwrap_or_else(|| "write its IANA name, such as \"Europe/Berlin\"".to_owned());
    Err(ValueError::new(format!("is no time zone: \"{}\"", visible_word(text)), help))
})
.pattern("^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$");

static NETWORK_TEXT: TextSchema =
    TextSchema::new("a network in quotes, such as \"10.0.0.0/8\"", |text| match text.parse::<Network>() {
        Ok(_) => Ok(()),
        Err(why) => Err(ValueError::plain(format!("is no network: {}", visible_word(&why)))),
    });

static TIME_FORMAT_TEXT: TextSchema = TextSchema::new("a text in quotes", |text| match text.parse::<TimeFormat>() {
    Ok(_) => Ok(()),
    Err(why) => Err(ValueError::new(
        format!("describes no time: {why}"),
        "write it as `%d/%m/%y %H:%M:%S`; docs/formats.md lists the letters",
    )),
});
