"""The report of a run as one static page: every theorem with its outcome, proof, verdict and cost.

Pure: from results to a text.  The page needs no server, no script and no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from jinja2 import Environment, StrictUndefined

from proofloom import __version__
from proofloom.app.proving.results import Result, count_outcomes
from proofloom.app.proving.settings import ProveSettings


def report_page(name: str, settings: ProveSettings, results: Sequence[Result]) -> str:
    """The HTML page about the `results` of the run `name`, in the order of their files."""
    text = resources.files("proofloom.app.proving").joinpath("report.html.jinja").read_text("utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return template.from_string(text).render(
        name=name,
        version=__version__,
        settings=settings.toml,
        counts=count_outcomes(results),
        results=sorted(results, key=lambda result: result.file),
        total=len(results),
    )
