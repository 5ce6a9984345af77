"""The Jinja environment: strict, escaping, with the few names every template may use."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig

from dashboard import assets, charts, clock, formats, labels

ROOT = Path(__file__).parent.parent
HTMX_CONFIG = '{"noSwap": [204, 304, "4xx", "5xx"], "defaultTimeout": 15000, "includeIndicatorCSS": false}'


def environment(*, debug: bool = False) -> Environment:
    """Build the environment; macros of ui.html are the global `ui`."""
    made = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=debug,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(_globals())
    made.globals["ui"] = made.get_template("ui.html").module
    return made


def config(*, debug: bool = False) -> TemplateConfig:
    return TemplateConfig(instance=JinjaTemplateEngine(engine_instance=environment(debug=debug)))


def _globals() -> dict[str, Any]:
    return {
        "static": assets.address,
        "style_areas": assets.areas(),
        "labels": labels.STATUS,
        "htmx_config": HTMX_CONFIG,
        "now": clock.now,
        "money": formats.money,
        "money_short": formats.money_short,
        "num": formats.num,
        "percent": formats.percent,
        "ago": formats.ago,
        "moment": formats.moment,
        "brief": formats.brief,
        "day": formats.day,
        "deadline": formats.deadline,
        "time_tag": formats.time_tag,
        "runs_summary": charts.runs_summary,
        "file_size": formats.file_size,
        "initials": formats.initials,
        "hue": formats.hue,
        "score_tone": labels.score_tone,
        "runs": charts.runs,
    }
