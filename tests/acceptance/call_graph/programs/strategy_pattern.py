class Context:
    def __init__(self, strategy):
        self.strategy = strategy
    def execute(self):
        return self.strategy.run(self.data())
    def data(self):
        return [1]
class Fast:
    def run(self, data):
        return data
class Slow:
    def run(self, data):
        return self.step(data)
    def step(self, data):
        return data
Context(Fast()).execute()
Context(Slow()).execute()
