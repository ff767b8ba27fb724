import nltk.tokenize as tokenize

MAX = 2000


def words(text):
    return [word for word in tokenize.word_tokenize(text) if word.isalpha()]


def short_words(text):
    if len(text) > MAX:
        raise ValueError("text is too long")
    return words(text)
