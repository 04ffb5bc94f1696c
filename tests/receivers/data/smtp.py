"""A mail server for tests: aiosmtpd, which says each letter that it takes as a line of JSON.

smtp.py WAY PORT CERTIFICATE KEY, where WAY is plain, starttls or wrapped. With TLS it wants the
user `signs` to log in with the password `open sesame`.
"""

import json
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Says:
    async def handle_DATA(self, server, session, envelope):
        letter = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None or way == "wrapped",
            "user": session.auth_data,
            "data": envelope.content.decode("ascii"),
        }
        print(json.dumps(letter), flush=True)
        return "250 taken"


def log_in(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b"signs", b"open sesame")
    # Not handled: the server says what it says to strangers.
    return AuthResult(success=right, handled=False, auth_data=data.login.decode() if right else None)


way, port, certificate, key = sys.argv[1:]
options = {}
if way != "plain":
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    if way == "wrapped":
        options = {"ssl_context": context, "auth_require_tls": False}
    else:
        options = {"tls_context": context, "require_starttls": True}
    options |= {"authenticator": log_in, "auth_required": True}

controller = Controller(Says(), hostname="127.0.0.1", port=int(port), **options)
controller.start()
print("ready", flush=True)
sys.stdin.read()
controller.stop()
