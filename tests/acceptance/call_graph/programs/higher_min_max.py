def price(item):
    return item[1]
def rank(item):
    return -item[1]
items = [("a", 1), ("b", 2)]
max(items, key=price)
min(items, key=rank)
