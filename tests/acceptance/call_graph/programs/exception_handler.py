class Failure(Exception):
    def __init__(self, why):
        super().__init__(why)
        self.why = clean(why)
    def explain(self):
        return self.why
def clean(why):
    return why
def risky():
    raise Failure("x")
def main():
    try:
        risky()
    except Failure as error:
        error.explain()
    finally:
        finish()
def finish():
    pass
main()
