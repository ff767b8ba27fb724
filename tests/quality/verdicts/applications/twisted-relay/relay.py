from twisted.internet import reactor
from twisted.web.client import Agent, readBody
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from twisted.web.util import redirectTo


class Relay(Resource):
    """/?method=..&path=..: repeats a call at the back end."""

    isLeaf = True
    agent = Agent(reactor)

    def render_GET(self, request):
        if b"leave" in request.args:
            return redirectTo(request.args[b"leave"][0], request)
        method, path = request.args[b"method"][0], request.args[b"path"][0]
        call = self.agent.request(method, b"http://backend.internal/" + path)
        call.addCallback(readBody).addCallback(self.answer, request)
        return NOT_DONE_YET

    def answer(self, body, request):
        request.write(body)
        request.finish()


reactor.listenTCP(8080, Site(Relay()))
reactor.run()
