from requests import Session

from sync import settings


class Partner:
    """Downloads the catalogues that partners announce."""

    def __init__(self):
        self.session = Session()
        self.session.auth = settings.ACCOUNT
        if settings.PROXIES:
            self.session.proxies.update(settings.PROXIES)

    def catalogue(self, address):
        reply = self.session.get(address, timeout=30)
        reply.raise_for_status()
        return reply.json()
