"""The chart of the load: what a request costs each server, beside what it costs nginx tuned, as SVG."""

import statistics

from bench_lib import report

REFERENCE = "nginx-tuned"
# Contender -> colour: bars in this order, from the top. Those that were not measured are left out.
COLOURS = {"nginx-stock": "#b8c4ce", REFERENCE: "#6b7f90", "uringx-tuned": "#d9541e"}
INCHES_WIDE = 8
BAR_INCHES = 0.16
MARGIN_INCHES = 1.1
# What one group of bars takes; the rest is the space to the next one.
GROUP_SHARE = 0.8
# The same measurements give the same file.
SETTINGS = {"svg.hashsalt": "uringx", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}


def ratios_of(results):
    """{case: {contender: median of CPU per request divided by that of REFERENCE, round by round}}, where both were measured."""
    found = {}
    for case, samples in results.items():
        reference = samples.get(REFERENCE, ())
        found[case] = {name: statistics.median(s.cpu_us / r.cpu_us if r.cpu_us else 0 for s, r in zip(samples[name], reference))
                       for name in COLOURS if reference and name in samples}
    return {case: ratios for case, ratios in found.items() if ratios}


def draw(axes, found):
    """A group of horizontal bars for each case, the first at the top, each with its number at its end."""
    names = [name for name in COLOURS if any(name in ratios for ratios in found.values())]
    height = GROUP_SHARE / len(names)
    for place, name in enumerate(names):
        offset = (place - (len(names) - 1) / 2) * height
        bars = axes.barh([row + offset for row in range(len(found))], [ratios.get(name, 0) for ratios in found.values()], height,
                         color=COLOURS[name], label=name.replace("-", " "))
        axes.bar_label(bars, [f"{ratios[name]:.2f}" if name in ratios else "" for ratios in found.values()], padding=3, fontsize=7)
    axes.set_yticks(range(len(found)), [report.case_name(case) for case in found])
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.margins(x=0.08)
    axes.axvline(1, color=COLOURS[REFERENCE], linewidth=0.8, linestyle=":")
    axes.set_xlabel(f"server CPU per request, {REFERENCE.replace('-', ' ')} = 1 (less is better)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(names), frameon=False)


def write(path, results):
    """Writes the SVG of load.measure()'s results; nothing where REFERENCE was not measured."""
    found = ratios_of(results)
    if not found:
        return
    # Only who wants a chart needs the package.
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot
    with matplotlib.rc_context(SETTINGS):
        bars = sum(len(ratios) for ratios in found.values())
        # A white ground also where the page around it is dark.
        figure, axes = pyplot.subplots(figsize=(INCHES_WIDE, MARGIN_INCHES + bars * BAR_INCHES / GROUP_SHARE), facecolor="white")
        draw(axes, found)
        figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})
        pyplot.close(figure)
