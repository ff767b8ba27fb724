def length(word):
    return measure(word)
def measure(word):
    return len(word)
def main(words):
    return sorted(words, key=length)
main(["a", "bb"])
