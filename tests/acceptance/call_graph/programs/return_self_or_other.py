class State:
    def next(self):
        return Done()
    def run(self):
        return 1
class Done(State):
    def run(self):
        return 2
def main():
    state = State()
    state.run()
    state.next().run()
main()
