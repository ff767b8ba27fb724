class Rule:
    def __call__(self, x):
        return self.test(x)
    def __bool__(self):
        return flag()
    def test(self, x):
        return x
def flag():
    return True
r = Rule()
if r:
    r(1)
