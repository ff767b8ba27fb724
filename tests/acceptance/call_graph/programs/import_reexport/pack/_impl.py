__all__ = ["run"]
def run():
    return _hidden()
def _hidden():
    return 1
