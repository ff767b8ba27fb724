from typing import NamedTuple
class Step(NamedTuple):
    name: str
    run: object
    def go(self):
        return self.run()
def do():
    return 1
for step in [Step("a", do)]:
    step.go()
    name, run = step
    run()
