import os.path
def act():
    return os.path.join("a", leaf())
def leaf():
    return "b"
