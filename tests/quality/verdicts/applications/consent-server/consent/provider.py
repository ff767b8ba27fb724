from oauthlib.oauth2 import RequestValidator, WebApplicationServer


class Clients(RequestValidator):
    KNOWN = {"shop": "https://shop.example/callback"}

    def validate_client_id(self, client_id, request, *args, **kwargs):
        return client_id in self.KNOWN

    def validate_redirect_uri(self, client_id, redirect_uri, request, *args, **kwargs):
        return self.KNOWN[client_id] == redirect_uri

    def validate_response_type(self, client_id, response_type, client, request, *args, **kwargs):
        return response_type == "code"

    def validate_scopes(self, client_id, scopes, client, request, *args, **kwargs):
        return True

    def get_default_scopes(self, client_id, request, *args, **kwargs):
        return ["basic"]


server = WebApplicationServer(Clients())
