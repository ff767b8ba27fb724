class Account:
    def __init__(self, owner):
        self.owner = owner
        self.reset()
    def reset(self):
        self.balance = 0
    def deposit(self, amount):
        self.check(amount)
        self.balance += amount
    def check(self, amount):
        return amount > 0
account = Account("x")
account.deposit(3)
