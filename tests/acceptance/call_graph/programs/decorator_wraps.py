import functools
def logged(function):
    @functools.wraps(function)
    def inner(*args):
        before()
        return function(*args)
    return inner
def before():
    pass
@logged
def save(item):
    store(item)
def store(item):
    return item
save(3)
