class Animal:
    def speak(self):
        return self.noise()
    def noise(self):
        return ""
class Dog(Animal):
    def speak(self):
        return super(Dog, self).speak()
    def noise(self):
        return "w"
Dog().speak()
