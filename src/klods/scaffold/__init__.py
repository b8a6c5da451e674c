"""One description of a module's folder, and the real template files."""
