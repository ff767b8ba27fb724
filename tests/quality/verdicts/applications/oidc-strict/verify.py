"""verify.py TOKEN: prints the subject of a token that a caller presents."""
import sys

from authlib.jose import JsonWebToken

decoder = JsonWebToken(["RS256", "ES256"])


def main(token):
    with open("/etc/oidc/provider.pem") as source:
        claims = decoder.decode(token, source.read())
    claims.validate()
    print(claims["sub"])


main(sys.argv[1])
