"""Built-in modules; folder modules are imported under this name too."""
