"""fetch.py URL: downloads a report that a customer announced, with our token, following redirects."""
import os
import sys

from twisted.internet import task
from twisted.internet.defer import inlineCallbacks
from twisted.web.client import Agent, BrowserLikeRedirectAgent, readBody
from twisted.web.http_headers import Headers


@inlineCallbacks
def main(reactor, url):
    agent = BrowserLikeRedirectAgent(Agent(reactor))
    headers = Headers({"Authorization": ["Bearer " + os.environ["REPORT_TOKEN"]]})
    response = yield agent.request(b"GET", url.encode(), headers)
    body = yield readBody(response)
    sys.stdout.buffer.write(body)


task.react(main, sys.argv[1:])
