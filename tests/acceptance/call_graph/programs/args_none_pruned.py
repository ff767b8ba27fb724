def rare():
    return 1
def use(extra=None):
    if extra is not None:
        rare()
    return common()
def common():
    return 0
use()
