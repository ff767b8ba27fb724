from preview.fetch import title_of

__all__ = ["title_of"]
