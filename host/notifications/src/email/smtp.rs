//! One session with an SMTP server, at an address that the egress policy allows.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{Certificate, CertificateStore, SmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, MailParameter},
    },
};

use lifesigns_outbound::read_pem;
use lifesigns_text::with_causes;

use crate::{
    config::{Email, Tls},
    egress::EgressPolicy,
    message::{DeliveryError, failure_text},
};

/// The name in the greeting: the host may not know its own, and need not disclose it.
const HELLO: &str = "lifesigns.invalid";
/// The shortest time limit of a command.
const LEAST: Duration = Duration::from_millis(10);

/// See the module.
pub(super) struct SmtpSession {
    connection: SmtpConnection,
    deadline: Instant,
}

impl SmtpSession {
    /// Connects, starts TLS and logs in, as configured. Every failure on the way is retried, because the other
    /// side or the operator may correct its cause.
    pub(super) fn open(config: &Email, egress: &EgressPolicy) -> Result<Self, DeliveryError> {
        let whole = Duration::from_millis(config.timeout_ms);
        let deadline = Instant::now() + whole;
        let server = &config.server;
        let addresses = egress.addresses(&server.host(), server.port(), whole).map_err(DeliveryError::retryable)?;
        let trust = trust(config).map_err(DeliveryError::retryable)?;
        let hello = ClientId::Domain(HELLO.into());
        let wrapped = trust.as_ref().filter(|_| server.tls() == Tls::Wrapped);
        let mut failed = None;
        for address in addresses {
            match SmtpConnection::connect(address, Some(left(deadline)), &hello, wrapped, None) {
                Ok(connection) => {
                    let mut session = Self { connection, deadline };
                    session.greet(config, trust.as_ref(), &hello).map_err(retryable)?;
                    session.log_in(config)?;
                    return Ok(session);
                }
                Err(error) => failed = Some(format!("{address}: {}", error_text(&error))),
            }
        }
        Err(DeliveryError::retryable(failed.unwrap_or_else(|| format!("{} has no address", server.host()))))
    }

    fn greet(&mut self, config: &Email, trust: Option<&TlsParameters>, hello: &ClientId) -> Result<(), Error> {
        match trust {
            Some(trust) if config.server.tls() == Tls::StartTls => {
                self.limit();
                // It fails if the server does not offer TLS; nothing is sent in the clear instead.
                self.connection.starttls(trust, hello)
            }
            _ => Ok(()),
        }
    }

    fn log_in(&mut self, config: &Email) -> Result<(), DeliveryError> {
        let (Some(user), Some(password)) = (&config.user, &config.password) else { return Ok(()) };
        let user = user.read().map_err(DeliveryError::retryable)?;
        let password = password.read().map_err(DeliveryError::retryable)?;
        let credentials = Credentials::new(user, password);
        self.limit();
        self.connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).map(drop).map_err(log_in_failure)
    }

    /// Begins a mail; `plain` if all its addresses are ASCII.
    pub(super) fn from(&mut self, from: &Address, plain: bool) -> Result<(), DeliveryError> {
        self.limit();
        // Mails are encoded as ASCII; only addresses can hold other characters.
        let parameters = if plain { Vec::new() } else { vec![MailParameter::SmtpUtfEight] };
        self.connection.command(Mail::new(Some(from.clone()), parameters)).map(drop).map_err(failure)
    }

    /// Names a recipient.
    pub(super) fn to(&mut self, to: &Address) -> Result<(), Error> {
        self.limit();
        self.connection.command(Rcpt::new(to.clone(), Vec::new())).map(drop)
    }

    /// Transmits the mail.
    pub(super) fn data(&mut self, mail: &[u8]) -> Result<(), DeliveryError> {
        self.limit();
        self.connection.command(Data).map_err(failure)?;
        self.limit();
        self.connection.message(mail).map(drop).map_err(failure)
    }

    /// Ends the session. The server has the mail already, so its answer does not matter.
    pub(super) fn close(mut self) {
        self.limit();
        let _ = self.connection.quit();
    }

    /// Limits the next command to the time that is left.
    fn limit(&mut self) {
        // A socket that accepts no time-out fails at the next command.
        let _ = self.connection.set_timeout(Some(left(self.deadline)));
    }
}

/// Returns the failure of a log-in, whose answer may repeat the password: the code suffices.
fn log_in_failure(error: Error) -> DeliveryError {
    match error.status() {
        Some(code) => DeliveryError::retryable(format!("the log-in is refused ({code})")),
        None => retryable(error),
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(LEAST)
}

/// Returns which certificates are trusted; `None` without TLS.
pub(super) fn trust(config: &Email) -> Result<Option<TlsParameters>, String> {
    if config.server.tls() == Tls::None {
        return Ok(None);
    }
    let mut builder = TlsParameters::builder(config.server.host());
    if let Some(path) = &config.ca {
        let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let all = Certificate::from_pem(&read_pem(path)?).map_err(|why| wrong(&why))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(all);
    }
    builder.build_rustls().map(Some).map_err(|why| error_text(&why))
}

/// Returns whether the server refuses for good.
pub(super) fn is_refusal(error: &Error) -> bool {
    error.is_permanent()
}

/// Returns the failure for an error of a command in the middle of a mail.
fn failure(error: Error) -> DeliveryError {
    if is_refusal(&error) { DeliveryError::permanent(error_text(&error)) } else { retryable(error) }
}

fn retryable(error: Error) -> DeliveryError {
    DeliveryError::retryable(error_text(&error))
}

/// Returns an error with its causes. A time-out of the socket is called that, whatever is around it.
pub(super) fn error_text(error: &Error) -> String {
    if is_timeout(error) { "timed out".to_owned() } else { failure_text(&with_causes(error)) }
}

fn is_timeout(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        // A socket reports `WouldBlock` when its time is over.
        if matches!(kind, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)) {
            return true;
        }
        cause = error.source();
    }
    false
}
