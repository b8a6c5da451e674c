import http.client  # noqa: F401 - a test may
