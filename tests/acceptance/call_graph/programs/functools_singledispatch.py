from functools import singledispatch
@singledispatch
def show(x):
    return "any"
@show.register(int)
def _int(x):
    return number(x)
@show.register(list)
def _list(x):
    return "list"
def number(x):
    return x
show("a")
show(1)
show([])
