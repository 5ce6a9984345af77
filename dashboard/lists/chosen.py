"""Which rows of a list an action on many means: those that were ticked, or all behind the filters of the page."""

from urllib.parse import urlencode

from litestar.datastructures import FormMultiDict
from piccolo.querystring import QueryString

from dashboard.errors import Invalid
from dashboard.lists.fields import Asked
from dashboard.lists.filters import List


def chosen(data: FormMultiDict, of: List, asked: Asked, things: str, ticked: str = "numbers") -> QueryString:
    """Their condition: the values of the field `ticked`, or with all=1 the filters of the page they were ticked on. A
    filter that is not understood would mean more rows than were seen, so it is refused."""
    query = str(data.get("query", ""))
    if data.get("all") != "1":
        query = urlencode([(ticked, str(each)) for each in data.getall(ticked, [])])
        if not query:
            raise Invalid({}, f"Tick the {things} first. Nothing was changed.")
    filters = of.read(query, asked)
    if filters.misunderstood:
        raise Invalid({}, "These filters were not understood. Reload the page. Nothing was changed.")
    return filters.where
