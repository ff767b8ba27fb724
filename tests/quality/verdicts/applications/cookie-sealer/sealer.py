"""WSGI middleware that encrypts the cookie of an application; 4 KiB at most."""
import os

from cryptography.fernet import Fernet, InvalidToken

MAX = 4096


class Sealer:
    def __init__(self, application, key=None):
        self.application = application
        self.fernet = Fernet(key or os.environ["COOKIE_KEY"])

    def __call__(self, environ, start_response):
        token = environ.get("HTTP_COOKIE", "").partition("state=")[2].encode()
        try:
            environ["app.state"] = self.fernet.decrypt(token, ttl=3600) if len(token) <= MAX else b""
        except InvalidToken:
            environ["app.state"] = b""

        def seal(status, headers, *rest):
            state = environ["app.state"]
            if len(state) > MAX:
                raise ValueError("state is too large")
            headers.append(("Set-Cookie", "state=" + self.fernet.encrypt(state).decode()))
            return start_response(status, headers, *rest)

        return self.application(environ, seal)
