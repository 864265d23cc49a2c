"""Where uringx differs from nginx on purpose (or not yet), with the reason. A row whose difference vanished
fails its cases.

`case` and `aspect` are shell patterns; the case id is what pytest shows as `site: case`, the aspects are
those of harness/compare.py.
"""
from typing import NamedTuple


class Known(NamedTuple):
    case: str
    aspect: str
    reason: str


KNOWN_DIFFERENCES: list[Known] = []
