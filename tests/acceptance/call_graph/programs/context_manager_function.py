from contextlib import contextmanager
@contextmanager
def opened(name):
    begin()
    try:
        yield name
    finally:
        end()
def begin():
    pass
def end():
    pass
def main():
    with opened("a") as name:
        use(name)
def use(name):
    return name
main()
