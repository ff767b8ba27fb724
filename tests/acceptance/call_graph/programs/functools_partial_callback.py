from functools import partial
def notify(target, message):
    return target(message)
def screen(message):
    return message
def each(callbacks):
    for one in callbacks:
        one("m")
each([partial(notify, screen)])
