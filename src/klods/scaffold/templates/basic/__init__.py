"""Sample Module, a module of Klods."""
