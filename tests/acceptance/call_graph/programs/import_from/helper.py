def work():
    return 1
class Thing:
    def go(self):
        return work()
