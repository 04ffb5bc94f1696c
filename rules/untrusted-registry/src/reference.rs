//! Image references by Docker's rules (`distribution/reference`, as in Docker 1.10 and later).

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Host, in lower case, with its port if one is written: `docker.io`, `127.0.0.1:5000`.
    pub(crate) registry: String,
    /// Without tag and digest: `library/busybox`.
    pub(crate) repository: String,
}

const DOCKER_HUB: &str = "docker.io";

impl Reference {
    /// Reads `busybox`, `team/app:1.2`, `registry.example:5000/team/app@sha256:…`.
    pub(crate) fn parse(image: &str) -> Option<Self> {
        let name = image.split('@').next().unwrap_or_default();
        let (registry, rest) = match name.split_once('/') {
            // Docker takes a first part in upper case for a host too: repositories have none.
            Some((first, rest))
                if first.contains(['.', ':'])
                    || first == "localhost"
                    || first.bytes().any(|byte| byte.is_ascii_uppercase()) =>
            {
                (first.to_ascii_lowercase(), rest)
            }
            _ => (DOCKER_HUB.to_owned(), name),
        };
        // After the registry, a colon can only begin the tag.
        let repository = rest.split(':').next().unwrap_or_default();
        if registry.is_empty() || repository.is_empty() || image.bytes().any(|byte| byte.is_ascii_whitespace()) {
            return None;
        }
        let hub = registry == DOCKER_HUB || registry == "index.docker.io";
        let registry = if hub { DOCKER_HUB.to_owned() } else { registry };
        let repository =
            if hub && !repository.contains('/') { format!("library/{repository}") } else { repository.to_owned() };
        Some(Self { registry, repository })
    }
}

/// One entry of the allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    registry: String,
    namespace: String,
}

impl Allowed {
    /// Reads `registry`, `registry:port`, `registry/namespace`.
    ///
    /// # Errors
    /// A text that names `allow` and the fix.
    pub(crate) fn parse(entry: &str) -> Result<Self, String> {
        if entry.contains("://") {
            let host = entry.split("://").nth(1).unwrap_or_default();
            return Err(format!(
                "`allow` has `{entry}`: write it without the scheme, `{}`",
                host.trim_end_matches('/')
            ));
        }
        let (registry, namespace) = entry.split_once('/').unwrap_or((entry, ""));
        let namespace = namespace.trim_end_matches('/');
        if registry.is_empty() || entry.contains(['@', '*', ' ']) || namespace.contains(':') {
            return Err(format!(
                "`allow` has `{entry}`: write a registry (`registry.example`), a registry with its port (`registry.example:5000`) or with a namespace (`registry.example/team`), without wildcard, tag and digest"
            ));
        }
        if !registry.contains(['.', ':']) && registry != "localhost" {
            return Err(format!(
                "`allow` has `{entry}`: `{registry}` is no registry by Docker's rules; for that namespace of Docker Hub write `docker.io/{entry}`"
            ));
        }
        let registry = registry.to_ascii_lowercase();
        let registry = if registry == "index.docker.io" { DOCKER_HUB.to_owned() } else { registry };
        Ok(Self { registry, namespace: namespace.to_owned() })
    }

    /// Whether an image from there is fine.
    pub(crate) fn allows(&self, reference: &Reference) -> bool {
        let rest = reference.repository.strip_prefix(&*self.namespace);
        let within = self.namespace.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.registry == reference.registry && within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(image: &str) -> String {
        Reference::parse(image)
            .map_or("none".into(), |reference| format!("{} {}", reference.registry, reference.repository))
    }

    #[test]
    fn references() {
        for (image, expected) in [
            ("busybox", "docker.io library/busybox"),
            ("busybox:1.36", "docker.io library/busybox"),
            ("busybox@sha256:abcd", "docker.io library/busybox"),
            ("team/app:1.2@sha256:abcd", "docker.io team/app"),
            ("docker.io/busybox", "docker.io library/busybox"),
            ("index.docker.io/team/app", "docker.io team/app"),
            ("localhost/app", "localhost app"),
            ("localhost:5000/app:1", "localhost:5000 app"),
            ("127.0.0.1:5000/alien/miner:latest", "127.0.0.1:5000 alien/miner"),
            ("[::1]:5000/app", "[::1]:5000 app"),
            ("Registry.Example/app", "registry.example app"),
            ("HOST/app", "host app"),
            ("a/b/c", "docker.io a/b/c"),
            ("docker.io.evil.invalid/busybox", "docker.io.evil.invalid busybox"),
            ("", "none"),
            ("registry.example/", "none"),
            ("a b", "none"),
        ] {
            assert_eq!(parts(image), expected, "{image}");
        }
    }

    #[test]
    fn allowed() {
        let allows =
            |entry: &str, image: &str| Allowed::parse(entry).unwrap().allows(&Reference::parse(image).unwrap());
        assert!(allows("docker.io", "busybox"));
        assert!(allows("index.docker.io", "team/app"));
        assert!(allows("docker.io/library", "busybox:1"));
        assert!(!allows("docker.io/library", "team/app"));
        assert!(allows("registry.example/team", "registry.example/team/app"));
        assert!(allows("registry.example/team/", "registry.example/team/a/b"));
        assert!(!allows("registry.example/team", "registry.example/teammate/app"));
        assert!(!allows("registry.example", "registry.example:5000/app"));
        assert!(allows("Registry.example:5000", "registry.example:5000/app"));
        assert!(!allows("docker.io", "docker.io.evil.invalid/busybox"));
    }

    #[test]
    fn entries_that_cannot_work() {
        for (entry, text) in [
            ("https://registry.example/", "write it without the scheme, `registry.example`"),
            ("team", "for that namespace of Docker Hub write `docker.io/team`"),
            ("*.example", "without wildcard"),
            ("registry.example/app:1", "without wildcard, tag"),
            ("", "write a registry"),
        ] {
            let said = Allowed::parse(entry).unwrap_err();
            assert!(said.starts_with("`allow` has `") && said.contains(text), "{entry}: {said}");
        }
    }
}
