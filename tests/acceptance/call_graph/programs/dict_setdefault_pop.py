def one():
    return 1
def two():
    return 2
slots = {}
slots.setdefault("x", one)
slots["y"] = two
slots.pop("x")()
slots["y"]()
