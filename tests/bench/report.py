"""report.py - results as text: the table, the verdicts, the machine, and the page that keeps them."""

import datetime
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

BEGIN = "<!-- results: what follows is written by `make bench%s WRITE=1` -->"
END = "<!-- end of results -->"
COLUMNS = ("server", "request", "connections", "requests/s", "of nginx", "p50 µs", "p99 µs", "p99.9 µs", "CPU µs",
           "core %", "others %", "memory MB")
OURS = "Stele"


@dataclass
class Row:
    server: str
    request: str
    connections: int
    result: dict  # what stele-bench wrote
    note: str = ""  # behind the request: "before", "after", "open loop"


@dataclass
class Verdict:
    what: str
    figure: float
    limit: float
    at_least: bool = False  # or at most
    unit: str = ""
    aside: str = ""
    is_sure: bool = True  # False: other programs ran meanwhile

    def __str__(self):
        good = self.figure >= self.limit if self.at_least else self.figure <= self.limit
        word = "unsure" if not self.is_sure else "PASS" if good else "miss"
        return (f"{word}  {self.what}: {self.figure:.2f}{self.unit} "
                f"({'at least' if self.at_least else 'at most'} {self.limit:g}{self.unit}){self.aside}")


def mean(rows, server, request, connections, figure="requests_per_second"):
    """Of a figure of the rows that match in closed loop; None if there is none."""
    figures = [row.result[figure] for row in rows
               if (row.server, row.request, row.connections) == (server, request, connections) and not row.result["rate"]]
    return sum(figures) / len(figures) if figures else None


def share_of_core(result):
    """How busy the server was: near 1 and it was the server that limited, far below and it waited."""
    answered = result["requests"] + result["errors"]
    return result["server_cpu_us_per_request"] * answered / 1e6 / result["seconds"]


def table(rows):
    """Markdown, in columns, so that it reads as well in a terminal."""
    cells = [list(COLUMNS)]
    for row in rows:
        result = row.result
        rate = result["requests_per_second"]
        ceiling = mean(rows, "nginx", "POST 300 B", row.connections)
        cells.append([
            row.server,
            row.request + (f", {row.note}" if row.note else "") +
            (f" ({result['errors']} errors)" if result["errors"] else ""),
            f"{row.connections}",
            f"{rate:,.0f}",
            f"{rate / ceiling:.2f}" if ceiling and row.server != "nginx" and not result["rate"] else "",
            *(f"{result[key]:,.0f}" for key in ("p50_us", "p99_us", "p999_us")),
            f"{result['server_cpu_us_per_request']:.1f}",
            f"{100 * share_of_core(result):.0f}",
            f"{100 * result['others_share']:.0f}",
            f"{result['server_rss_bytes'] / 1e6:.0f}",
        ])
    return columns(cells, 2)


def against_peers(rows, peers, connections):
    """How many times a peer's requests per second ours are; empty where a peer does not serve a request."""
    cells = [["request", *(f"of {peer}" for peer in peers)]]
    for request in dict.fromkeys(row.request for row in rows if row.server == OURS):
        ours = mean(rows, OURS, request, connections)
        theirs = [mean(rows, peer, request, connections) for peer in peers]
        if ours and any(theirs):
            cells.append([request, *(f"{ours / rate:.1f}" if rate else "" for rate in theirs)])
    return columns(cells, 1)


def columns(cells, texts):
    """A table whose first columns are texts and the others numbers."""
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = ["| " + " | ".join(text.ljust(width) if column < texts else text.rjust(width)
                               for column, (text, width) in enumerate(zip(line, widths))) + " |" for line in cells]
    rule = "|" + "|".join("-" * (width + 2) if column < texts else "-" * (width + 1) + ":"
                          for column, width in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def machine(folder, sync, versions, cpus, load_before):
    """Lines of facts without which the figures mean little."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return [
        f"{datetime.date.today().isoformat()}, commit {commit.stdout.strip() or 'unknown'}; " + "; ".join(versions),
        f"processor {model[1] if model else platform.machine()}, {os.cpu_count()} cores; server on core {cpus[0]}, "
        f"generator on core {cpus[1]}; memory {int(memory[1]) / 1e6:.0f} GB; load average before: {load_before:.2f}",
        f"Linux {platform.release()}, {system_name()}; data on {file_system(folder)}",
        f"a 4 KiB block written and synced there: p50 {sync['p50_us']:.0f} µs, p99 {sync['p99_us']:.0f} µs",
    ]


def system_name():
    named = re.search(r'^PRETTY_NAME="?([^"\n]*)', Path("/etc/os-release").read_text(), re.MULTILINE)
    return named[1] if named else "unknown system"


def file_system(folder):
    made = subprocess.run(["findmnt", "--noheadings", "--output", "FSTYPE", "--target", folder], capture_output=True,
                          text=True, check=False)
    return made.stdout.strip() or "an unknown file system"


def write_page(page, lines, how=""):
    """Replaces what is between the marks of the page, which name the command that does it."""
    text = page.read_text()
    begin = BEGIN % how
    before, rest = text.split(begin)
    _, after = rest.split(END)
    page.write_text(before + begin + "\n\n" + "\n".join(lines) + "\n\n" + END + after)
