"""The addresses of the knowledge."""

from dashboard.knowledge.routes import articles, questions, synonyms

ROUTES = [*articles.ROUTES, *synonyms.ROUTES, *questions.ROUTES]
