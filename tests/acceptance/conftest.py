"""What acceptance tests may ask for besides."""

from support.browser import browser, open_page

__all__ = ["browser", "open_page"]
