class Outer:
    class Inner:
        def run(self):
            return leaf()
    def make(self):
        return Outer.Inner()
def leaf():
    return 0
Outer().make().run()
