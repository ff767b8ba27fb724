class Add:
    def apply(self):
        return 1
class Sub:
    def apply(self):
        return 2
def run(op):
    match op:
        case Add():
            return op.apply()
        case Sub() as other:
            return finish(other)
def finish(op):
    return op.apply()
run(Add())
run(Sub())
