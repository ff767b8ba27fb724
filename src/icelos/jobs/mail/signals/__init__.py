"""One trick each: what a header, a link or an attachment shows, with its weight and the words it is in."""
