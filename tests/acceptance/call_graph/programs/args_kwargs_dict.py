def call(**handlers):
    for handler in handlers.values():
        handler()
def red():
    return 1
def green():
    return 2
call(a=red, b=green)
