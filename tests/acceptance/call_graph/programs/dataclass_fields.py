from dataclasses import dataclass, field
def fresh():
    return []
@dataclass
class Job:
    action: object
    items: list = field(default_factory=fresh)
    def run(self):
        return self.action()
def act():
    return 1
Job(act).run()
