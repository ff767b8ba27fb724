def outer(*args, **kwargs):
    return inner(*args, **kwargs)
def inner(action, key=None):
    return action(key)
def act(key):
    return key
outer(act, key=1)
