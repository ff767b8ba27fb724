def make():
    return 1
def use(factory=None):
    if factory is None:
        factory = make
    return factory()
use()
