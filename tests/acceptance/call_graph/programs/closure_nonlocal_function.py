def outer():
    action = None
    def choose():
        nonlocal action
        action = target
    choose()
    return action()
def target():
    return 1
outer()
