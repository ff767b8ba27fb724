class Wrapped(Exception):
    pass
def low():
    raise KeyError("k")
def middle():
    try:
        low()
    except KeyError as error:
        raise Wrapped(describe(error)) from error
def describe(error):
    return str(error)
def top():
    try:
        middle()
    except Wrapped:
        recover()
def recover():
    return 1
top()
