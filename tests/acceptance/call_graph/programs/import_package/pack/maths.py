from .tools.text import clean
def add(a, b):
    clean(str(a))
    return a + b
