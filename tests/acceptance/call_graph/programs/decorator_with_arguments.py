def repeat(times):
    def wrap(function):
        def inner(*args, **kwargs):
            for _ in range(times):
                result = function(*args, **kwargs)
            return result
        return inner
    return wrap
@repeat(2)
def greet(name):
    return shout(name)
def shout(name):
    return name.upper()
greet("a")
