"""The page kit: what pages of the host and of modules are made of besides their templates."""
