def traced(function):
    def inner(*args):
        note()
        return function(*args)
    return inner
def note():
    pass
@traced
def work(x):
    return helper(x)
def helper(x):
    return x
work(1)
