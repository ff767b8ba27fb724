def head():
    return 1
def tail():
    return 2
h, *rest = [head, tail, tail]
h()
for t in rest:
    t()
