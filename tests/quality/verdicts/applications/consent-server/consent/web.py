import bottle
from oauthlib.oauth2 import FatalClientError

from consent.provider import server


@bottle.get("/authorize")
def authorize():
    try:
        scopes, credentials = server.validate_authorization_request(bottle.request.url, "GET")
    except FatalClientError as error:
        bottle.abort(400, error.description)
    return "%s asks for: %s" % (credentials["client_id"], ", ".join(scopes))


bottle.run(host="0.0.0.0", port=8080)
