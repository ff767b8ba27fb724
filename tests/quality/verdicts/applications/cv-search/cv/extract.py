from PyPDF2 import PdfFileReader


def text_of(stream):
    reader = PdfFileReader(stream)
    return "\n".join(page.extractText() for page in reader.pages)
