"""What a mail wants of its reader: the words for it, and a model that tells them apart. It knows no
headers."""
