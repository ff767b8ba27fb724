from authlib.jose import JsonWebKey, JsonWebToken, jwt

KEYS = JsonWebKey.import_key_set({"keys": []})
with open("/etc/oidc/provider.pem") as source:
    PROVIDER = source.read()


def claims(token):
    found = jwt.decode(token, PROVIDER)
    found.validate()
    return found


def strict_claims(token, decoder=JsonWebToken(["RS256"])):
    found = decoder.decode(token, PROVIDER)
    found.validate()
    return found
