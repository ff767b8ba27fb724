def choose(flag):
    if flag:
        return yes
    return no
def yes():
    return 1
def no():
    return 0
choose(True)()
choose(False)()
