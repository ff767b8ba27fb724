def setup():
    return 0
setup()
