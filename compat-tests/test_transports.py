"""The request cases of all other files once more, over TLS, over HTTP/2 with TLS and over HTTP/2 without it.

URINGX_TRANSPORTS names the transports to play, for example "tls,h2"; "none" leaves all of this out.
"""
import importlib
import os
from pathlib import Path

import pytest

from harness.run import ONLY_ONCE, SHUTS_DOWN, run_case, slug
from harness.transports import H2, H2C, TLS
from harness.translate import NotExpressible, translate

pytest.importorskip("h2", reason="python3-h2 is missing")
LEFT_OUT = {
    "test_syslog": "its receivers belong to its own test",
    "test_large_tables": "the same tables are read, whatever asks",
}
CHOSEN = os.environ.get("URINGX_TRANSPORTS", "tls,h2,h2c").split(",")


def sites():
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.stem != Path(__file__).stem and path.stem not in LEFT_OUT and "SITES = [" in path.read_text():
            yield from importlib.import_module(path.stem).SITES


def is_expressible(transport, case) -> bool:
    try:
        if transport.http2:
            translate(case)
        return True
    except NotExpressible:
        return False


def rows():
    for transport in (TLS, H2, H2C):
        for site in sites() if transport.name in CHOSEN else ():
            try:
                transport.text(site.text(), Path("certificates"))
            except NotExpressible:
                continue
            cases = [case for case in site.cases if is_expressible(transport, case)]
            for case in [*cases, None] if cases else []:
                yield f"{transport.name}: {case.id if case else f'{site.name}: {SHUTS_DOWN}'}", transport, site, case


ROWS = list(rows())
if not ROWS:
    pytest.skip("no transport was chosen", allow_module_level=True)


@pytest.mark.parametrize("case_id,transport,site,asked", [
    pytest.param(*row, id=slug(row[0]), marks=() if row[-1] else ONLY_ONCE) for row in ROWS])
def test_over(case_id, transport, site, asked, pairs, judge, not_served_yet):
    run_case(site, asked, pairs, judge, not_served_yet, transport)
