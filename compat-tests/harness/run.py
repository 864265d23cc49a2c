"""The one test body of all case tables; a test module only names its SITES."""
from .pair import NotServedYet

SHUTS_DOWN = "serves to the end and stops cleanly"
UNSTEADY: list[str] = []  # cases whose connection once ended differently; printed in the summary


def run_case(site, case, pairs, judge, not_served_yet):
    """Plays one case; `case is None` is the site's last item: both servers stop, and uringx leaves no alert."""
    pair = pairs.get(site)
    if case is None:
        differences = pairs.stop()
        if pair.not_served:
            not_served_yet(pair.not_served)
        judge(f"{site.name}: {SHUTS_DOWN}", differences)
        return
    try:
        differences = pair.run(case)
        if differences and all(d.aspect == "end" for d in differences):
            # FIN or RST can hang on when a packet meets a closing socket: only what repeats is a difference.
            UNSTEADY.append(case.id)
            differences = pair.run(case)
    except NotServedYet as refused:
        not_served_yet(refused.args[0])
    judge(case.id, differences)
