class Log:
    def __init__(self):
        self.lines = []
    def write(self, line):
        self.lines.append(line)
def each(items, action):
    for item in items:
        action(item)
log = Log()
each(["a"], log.write)
