def pick(flag):
    return yes if flag else no
def yes():
    return 1
def no():
    return 2
pick(1)()
pick(0)()
