"""The page that shows every piece of the kit with the source an author writes for it."""

from klods.web.pages.patterns.views import router

__all__ = ["router"]
