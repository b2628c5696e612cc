"""Tables and a picture of the figures of run.py: `python -m benchmarks.report FIGURES.json PICTURE.svg`."""

import json
import math
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


def picture(figures, ours="ours"):
    """Return an SVG of each server's CPU time as a multiple of ours, for each call."""
    servers = [name for name in figures["facts"] if name != ours]
    colours = dict(zip(servers, ["#8b98a5", "#4b7bec", "#20a39e", "#d1495b"], strict=False))
    rows, y = [], 30
    for call, by in figures["results"].items():
        rows.append(f'<text x="0" y="{y + 12}" font-weight="bold">{call}</text>')
        for server in servers:
            median, *_ = ratio(by[ours], by[server])
            y += 18
            # A logarithmic scale: 1 is at 340 pixels, and each doubling adds 70.
            length = 70 * math.log2(median)
            x, width = (340, length) if length > 0 else (340 + length, -length)
            rows.append(f'<rect x="{x:.0f}" y="{y}" width="{max(width, 1):.0f}" height="14" fill="{colours[server]}"/>')
            rows.append(f'<text x="20" y="{y + 12}">{server}</text>')
            rows.append(f'<text x="{340 + max(length, 0) + 6:.0f}" y="{y + 12}">{median:.2f} x</text>')
        y += 30
    line = f'<line x1="340" y1="20" x2="340" y2="{y - 10}" stroke="#333"/>'
    title = '<text x="0" y="14">CPU time per request, as a multiple of ours (the line; each 70 px double it)</text>'
    style = 'font-family="sans-serif" font-size="12" fill="#222"'
    size = f'width="860" height="{y}" viewBox="0 0 860 {y}"'
    background = '<rect width="100%" height="100%" fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{background}{title}{"".join(rows)}{line}</svg>\n'


if __name__ == "__main__":
    figures = json.loads(Path(sys.argv[1]).read_text())
    print(*tables(figures), sep="\n\n")
    Path(sys.argv[2]).write_text(picture(figures))
