//! The whole host inside another program: `cargo run -p lifesigns-embed-example -- RULES_FOLDER STORE`.
#![allow(clippy::print_stdout)]

use std::{env, error::Error, sync::Arc, thread};

use lifesigns::{
    HostBuilder, RecorderConfig, Sandbox,
    compliance::{
        ComplianceConfig, Pattern,
        config::{ConfigLocation, Group, Policy, PolicyEntry, PolicySetting, Route},
    },
    model::{Clock as _, ObjectFacts, SystemClock},
    notifications::{DeliveryError, Message, Receiver},
};

/// A receiver of the program's own, which routes name. A message that it fails to take is sent again.
struct Pager;
impl Receiver for Pager {
    fn deliver(&mut self, message: &Message) -> Result<(), DeliveryError> {
        message.notices.iter().for_each(|notice| println!("pager: {:?} {}", notice.happened, notice.alert.summary));
        Ok(())
    }
}

/// Allows Docker in the playground; everywhere else the pager is notified.
fn compliance() -> ComplianceConfig {
    let (pattern, place) = (Pattern::new("docker-keyword/*"), ConfigLocation::default());
    let entries = vec![PolicyEntry { pattern, setting: PolicySetting::Allow(true), place }];
    let when = Some(r#"properties.env == "playground""#.into());
    ComplianceConfig {
        groups: vec![Group { name: "playground".into(), when, ..Group::default() }],
        policies: vec![Policy { name: "fine".into(), groups: vec!["playground".into()], entries, ..Policy::default() }],
        routes: vec![Route { receivers: vec!["pager".into()], ..Route::default() }],
        ..ComplianceConfig::default()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let [rules, store] = env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "RULES_FOLDER STORE")?;
    let config = RecorderConfig { compliance: Arc::new(compliance()), ..RecorderConfig::default() };
    let host = HostBuilder::new(Sandbox::new(None)?, rules)
        .recorder_config(config)
        .receiver("pager", || Pager)
        .start_recording(store)?;
    let alerts = host.recorder().alerts();
    let printer = thread::spawn(move || alerts.for_each(|alert| println!("{}", verdict(&alert))));
    let source = lifesigns::source("our program", "vm-7", lifesigns::Format::Auto);
    host.submit(lifesigns::lines(&source, "DEBU[0007] Calling POST /v1.41/containers/create?name=web\n"))?;
    host.wait_committed();
    let properties = vec![("env".into(), Some("playground".into()))];
    let facts = ObjectFacts { object: "vm-7".into(), time_ns: SystemClock.now_ns(), properties, ..Default::default() };
    host.submit_facts(&source, facts)?;
    println!("{} alerts", host.stop().report.alerts);
    printer.join().map_err(|_| "the printer panicked".into())
}

fn verdict(alert: &lifesigns::compliance::Alert) -> String {
    format!("{}: {}: {}", alert.object, alert.summary, if alert.is_violation() { "a violation" } else { "fine" })
}
