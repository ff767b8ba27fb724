class Num:
    def accept(self, v):
        return v.number(self)
class Neg:
    def __init__(self, of):
        self.of = of
    def accept(self, v):
        return v.negate(self)
class Eval:
    def number(self, n):
        return 1
    def negate(self, n):
        return -n.of.accept(self)
Neg(Num()).accept(Eval())
