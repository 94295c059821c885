"""plot.py - latency against rate as an SVG: one panel an operation, one line a server.

Both axes are logarithmic, since servers differ by orders of magnitude. Drawn by hand: four kinds of
element do not need a library. Colours are Okabe and Ito's, which most eyes tell apart.
"""

import math
from html import escape

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
WIDTH, PANEL_HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 70, 44, 36, 44


class Axis:
    """Values to places along it, by their logarithm; ticks at powers of ten."""

    def __init__(self, values, begin, end):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.begin, self.end = begin, end

    def place(self, value):
        return self.begin + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.begin)

    def ticks(self):
        return [10 ** power for power in range(self.low, self.high + 1)]


def draw(panels):
    """panels: {title: {server: [(rate, p99 in µs), ...]}}; the text of an SVG."""
    servers = list(dict.fromkeys(server for lines in panels.values() for server in lines))
    colours = dict(zip(servers, COLOURS))
    parts = [panel(title, lines, colours, number * PANEL_HEIGHT) for number, (title, lines) in enumerate(panels.items())]
    height = PANEL_HEIGHT * len(panels)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">\n'
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n' + "".join(parts) + "</svg>\n")


def panel(title, lines, colours, offset):
    points = [point for line in lines.values() for point in line]
    x = Axis([rate for rate, _ in points], LEFT, WIDTH - RIGHT)
    y = Axis([latency for _, latency in points], offset + PANEL_HEIGHT - BOTTOM, offset + TOP)
    parts = [text(LEFT, offset + 20, f"{title}: 99th percentile of latency against requests a second", size=14)]
    for tick in x.ticks():
        parts += [rule(x.place(tick), y.begin, x.place(tick), y.end),
                  text(x.place(tick), y.begin + 16, f"{tick:,.0f}/s", "middle")]
    for tick in y.ticks():
        parts += [rule(x.begin, y.place(tick), x.end, y.place(tick)),
                  text(x.begin - 6, y.place(tick) + 4, f"{tick:,.0f} µs" if tick < 1000 else f"{tick / 1000:,.0f} ms", "end")]
    for number, (server, line) in enumerate(lines.items()):
        path = " ".join(f"{x.place(rate):.1f},{y.place(latency):.1f}" for rate, latency in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colours[server]}" stroke-width="2"/>\n')
        parts += [f'<circle cx="{x.place(rate):.1f}" cy="{y.place(latency):.1f}" r="3" fill="{colours[server]}"/>\n'
                  for rate, latency in line]
        parts.append(text(LEFT + 10 + 150 * number, y.begin + 34, server, colour=colours[server]))
    return "".join(parts)


def rule(x1, y1, x2, y2):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#dddddd"/>\n'


def text(x, y, words, anchor="start", size=12, colour="#222222"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">'
            f"{escape(words)}</text>\n")
