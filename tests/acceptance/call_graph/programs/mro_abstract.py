from abc import ABC, abstractmethod
class Exporter(ABC):
    def export(self):
        return self.write()
    @abstractmethod
    def write(self): ...
class Csv(Exporter):
    def write(self):
        return "csv"
class Xml(Exporter):
    def write(self):
        return "xml"
def every():
    return [one.export() for one in (Csv(), Xml())]
every()
