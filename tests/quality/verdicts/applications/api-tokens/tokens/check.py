import jwt
from jwt.algorithms import get_default_algorithms

from tokens.keys import PUBLIC

ACCEPTED = list(get_default_algorithms())


def subject(token):
    return jwt.decode(token, PUBLIC, algorithms=ACCEPTED)["sub"]
