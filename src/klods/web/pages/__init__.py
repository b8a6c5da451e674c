"""The host's pages, and what pages of modules are made with."""

from klods.web.pages.rendering import redirect, render

__all__ = ["redirect", "render"]
