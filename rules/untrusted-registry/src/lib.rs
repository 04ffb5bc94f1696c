//! An image that was pulled, or that a container was made of, from a registry that is not on the
//! allow-list.

mod reference;

use docker::{FIELDS, images, mention};
use lifesigns_rule::{Alerts, Criticality, Description, Event, Rule, Symptom, settings::Duration};
use reference::{Allowed, Reference};

lifesigns_rule::settings! {
    /// The `[settings]` table.
    #[derive(Debug)]
    pub struct Settings {
        /// Registries, with or without port, and namespaces of registries.
        pub allow: Vec<String> = ["docker.io"],
        /// An image is raised at most once in so long for one object.
        pub repeat: Duration = "1h",
    }
}

/// The rule.
pub struct UntrustedRegistry {
    allow: Vec<Allowed>,
    repeat: Duration,
}

const SYMPTOM: &str = "untrusted-registry";

impl Rule for UntrustedRegistry {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        let allow = settings.allow.iter().map(|entry| Allowed::parse(entry)).collect::<Result<_, _>>()?;
        Ok(Self { allow, repeat: settings.repeat })
    }

    fn describe(&self) -> Description {
        Description::new(SYMPTOM, env!("CARGO_PKG_VERSION"))
            .symptom(
                Symptom::new(SYMPTOM, "An image comes from a registry that is not trusted")
                    .criticality(Criticality::Immediate)
                    .recommendation("Find out who pulled the image and why, and remove what runs from it; if the registry is fine, add it to `allow` of this rule.")
                    .controls(["CIS-Docker-1.6:4.2"]),
            )
            .interests(images())
            .fields(FIELDS)
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let Some(mention) = mention(event) else { return };
        let Some(reference) = Reference::parse(&mention.image) else { return };
        if self.allow.iter().any(|allowed| allowed.allows(&reference)) || !self.is_due(event, &reference) {
            return;
        }
        let summary = format!("{} uses {}, which is not from a trusted registry", event.object(), mention.image);
        alerts
            .raise(SYMPTOM, summary)
            .attribute("image", mention.image)
            .attribute("registry", reference.registry)
            .attribute("via", mention.via);
    }
}

impl UntrustedRegistry {
    /// One pull leaves several records, and not all of them have the tag: the repository counts.
    fn is_due(&self, event: &Event<'_>, reference: &Reference) -> bool {
        if self.repeat.ms() == 0 {
            return true;
        }
        let (state, key) = (event.state(), format!("{}/{}", reference.registry, reference.repository));
        let due = state.get(&key).is_none();
        if due {
            state.set(&key, "", self.repeat.ms());
        }
        due
    }
}

lifesigns_rule::export!(UntrustedRegistry);

#[cfg(test)]
mod tests;
