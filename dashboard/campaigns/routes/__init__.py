"""The addresses of campaigns."""

ROUTES: list = []
