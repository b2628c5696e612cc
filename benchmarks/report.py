"""Tables of the figures of run.py: `python -m benchmarks.report FIGURES.json`."""

import json
import statistics
import sys
from pathlib import Path


def per_request(result):
    """Return the CPU time per request, in microseconds."""
    cpu, requests, *_ = result
    return cpu / requests * 1e6


def ratio(mine, theirs):
    """Return theirs divided by mine, per request: median, minimum and maximum over the rounds."""
    ratios = [per_request(their) / per_request(my) for my, their in zip(mine, theirs, strict=True)]
    return statistics.median(ratios), min(ratios), max(ratios)


def table(heading, rows):
    widths = [max(len(str(row[column])) for row in [heading, *rows]) for column in range(len(heading))]
    lines = [heading, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).ljust(w) for cell, w in zip(line, widths, strict=True)) + " |" for line in lines
    )


def ratio_table(figures, ours="ours"):
    """Return a table of each server's CPU time as a multiple of ours, for each call."""
    others = [name for name in figures["facts"] if name != ours]
    rows = []
    for call, by in figures["results"].items():
        cells = [ratio(by[ours], by[other]) for other in others]
        rows.append([call, *(f"{median:.2f} ({least:.2f} to {most:.2f})" for median, least, most in cells)])
    return table(["CPU time against ours", *others], rows)


def figure_table(figures, column, heading, form="{:.0f}"):
    rows = []
    for call, by in figures["results"].items():
        rows.append([call, *(form.format(statistics.median(column(result) for result in by[name])) for name in by)])
    return table([heading, *figures["facts"]], rows)


def tables(figures):
    facts = figures["facts"]
    yield ratio_table(figures)
    yield figure_table(figures, per_request, "CPU per request, µs")
    yield figure_table(figures, lambda result: result[2], f"requests/s, {figures['connections']} connections")
    yield figure_table(figures, lambda result: result[3], "p50, ms", "{:.1f}")
    yield figure_table(figures, lambda result: result[4], "p99, ms", "{:.1f}")
    yield table(
        ["", *facts],
        [
            ["memory of a worker, MB", *(f"{fact['memory']:.0f}" for fact in facts.values())],
            ["cold start, s", *(f"{fact['start']:.2f}" for fact in facts.values())],
        ],
    )


if __name__ == "__main__":
    print(*tables(json.loads(Path(sys.argv[1]).read_text())), sep="\n\n")
