def plain(x):
    return x
def fancy(x):
    return x
def show(value, formatter=plain):
    return formatter(value)
show(1)
show(2, fancy)
