def start():
    return 1
def stop():
    return 0
def missing():
    return -1
TABLE = {"start": start, "stop": stop}
def dispatch(name):
    return TABLE.get(name, missing)()
for name in ("start", "stop", "other"):
    dispatch(name)
