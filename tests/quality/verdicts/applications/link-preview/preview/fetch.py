import re

import requests

_session = requests.Session()


def title_of(url):
    reply = _session.get(url, timeout=5)
    found = re.search(r"<title>([^<]{0,200})", reply.text)
    return found.group(1) if found else url
