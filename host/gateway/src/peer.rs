//! The user at the other end of the socket, as the kernel reports it.

use std::{fs::File, io::Read, os::fd::AsFd};

use lifesigns_api::ApiError;

/// The longest name in which root may act, in characters.
pub const NAME_CHARS: usize = 64;
/// Only this much of the user database is read.
const PASSWD_BYTES: u64 = 1024 * 1024;

/// The process and user at the other end of the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketPeer {
    /// Its user id.
    pub uid: u32,
    /// Its process id.
    pub pid: i32,
    /// The name that requests are carried out in: the user's name, else `uid 1000`; `alice (by root)`
    /// when root acts in another name.
    pub who: String,
}

impl SocketPeer {
    /// Returns the process that connected to this stream, or that listens there. A peer in another
    /// PID namespace has no process id here and is an error.
    pub(crate) fn of(stream: impl AsFd) -> std::io::Result<Self> {
        let seen = rustix::net::sockopt::socket_peercred(stream)?;
        let uid = seen.uid.as_raw();
        Ok(Self { uid, pid: seen.pid.as_raw_nonzero().get(), who: user_name(uid) })
    }

    /// Returns the peer acting in the name of `name`; only root may.
    pub(crate) fn acting_as(self, name: &str) -> Result<Self, ApiError> {
        if name == self.who {
            return Ok(self);
        }
        if self.uid != 0 {
            let text = format!("only root may act in another name; you are {}", self.who);
            return Err(ApiError::Forbidden(text));
        }
        if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
            let text = format!("a name has 1 to {NAME_CHARS} characters, none of them a control character");
            return Err(ApiError::Invalid(text));
        }
        Ok(Self { who: format!("{name} (by {})", self.who), ..self })
    }
}

/// Returns the name that `/etc/passwd` gives a user, else `uid 1000`.
pub fn user_name(uid: u32) -> String {
    let mut text = Vec::new();
    let read = File::open("/etc/passwd").and_then(|file| file.take(PASSWD_BYTES).read_to_end(&mut text));
    let name = read.ok().and_then(|_| named(&String::from_utf8_lossy(&text), uid));
    name.unwrap_or_else(|| format!("uid {uid}"))
}

fn named(passwd: &str, uid: u32) -> Option<String> {
    for line in passwd.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split(':');
        let (name, number) = (fields.next().unwrap_or_default(), fields.nth(1).unwrap_or_default());
        if !name.is_empty() && number.parse() == Ok(uid) {
            return Some(name.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(uid: u32, who: &str) -> SocketPeer {
        SocketPeer { uid, pid: 1, who: who.to_owned() }
    }

    #[test]
    fn users_have_names_where_the_database_has_them() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n\n+::::::\nbroken\n#gone:x:7:7\nops:x:1000:1000::/:/bin/sh\n";
        assert_eq!(named(passwd, 0).as_deref(), Some("root"));
        assert_eq!(named(passwd, 1000).as_deref(), Some("ops"));
        assert_eq!(named(passwd, 7), None);
    }

    #[test]
    fn only_root_acts_in_a_name() {
        assert_eq!(peer(0, "root").acting_as("alice").expect("allowed").who, "alice (by root)");
        assert_eq!(peer(0, "root").acting_as("root").expect("allowed").who, "root");
        assert_eq!(peer(1000, "ops").acting_as("ops").expect("allowed").who, "ops");
        assert!(peer(1000, "ops").acting_as("root").unwrap_err().detail().contains("you are ops"));
        for bad in ["", "a\nb", "\x1b[2J", &"x".repeat(NAME_CHARS + 1)] {
            assert!(peer(0, "root").acting_as(bad).is_err(), "{bad:?}");
        }
    }
}
