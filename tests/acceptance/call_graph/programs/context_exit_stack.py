from contextlib import ExitStack
class Resource:
    def __enter__(self):
        return self
    def __exit__(self, *details):
        self.free()
    def free(self):
        pass
    def use(self):
        return 1
def cleanup():
    return 1
def main():
    with ExitStack() as stack:
        r = stack.enter_context(Resource())
        stack.callback(cleanup)
        r.use()
main()
