def parse(text):
    return token(text)
def token(text):
    return text
