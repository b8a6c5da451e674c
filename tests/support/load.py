"""A constant load on one address from a process of its own: counts requests, failures and times, prints JSON.

    python tests/support/load.py URL --rate 200 --seconds 5 --header 'Authorization: Bearer …'

It ends at the given time, or earlier when its standard input is closed, so that a test decides when it is over.
"""

import argparse
import http.client
import json
import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Tally:
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Caller(threading.Thread):
    """One keep-alive connection that makes a call for every tick it is given."""

    def __init__(self, url: str, headers: dict[str, str], ticks: "queue.Queue[float | None]", tally: Tally) -> None:
        super().__init__(daemon=True)
        self._url, self._headers, self._ticks, self._tally = urlsplit(url), headers, ticks, tally
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        while (due := self._ticks.get()) is not None:
            try:
                self._call()
            except (OSError, http.client.HTTPException) as error:
                self._tally.failures.append(repr(error))
                self._connection = None
            # From when it was due, so that a stall is not hidden by calls that were never made.
            self._tally.seconds.append(time.perf_counter() - due)

    def _call(self) -> None:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._url.hostname, self._url.port, timeout=30)
        self._connection.request("GET", self._url.path, headers=self._headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            self._tally.failures.append(f"{response.status} {body[:200]!r}")
        if response.will_close:
            self._connection = None


def drive(url: str, headers: dict[str, str], rate: float, seconds: float, over: threading.Event) -> dict[str, object]:
    """Call at the rate until the time is up or ``over`` is set."""
    ticks: queue.Queue[float | None] = queue.Queue()
    tally = Tally()
    callers = [Caller(url, headers, ticks, tally) for _ in range(8)]
    for caller in callers:
        caller.start()
    start = time.perf_counter()
    due = start
    while due < start + seconds and not over.is_set():
        time.sleep(max(0.0, due - time.perf_counter()))
        ticks.put(due)
        due += 1 / rate
    for _ in callers:
        ticks.put(None)
    for caller in callers:
        caller.join()
    return report(tally, time.perf_counter() - start)


def report(tally: Tally, seconds: float) -> dict[str, object]:
    times = sorted(tally.seconds)
    at = lambda part: times[min(len(times) - 1, int(len(times) * part))] if times else 0.0  # noqa: E731
    return {
        "requests": len(times),
        "per_second": len(times) / seconds,
        "failures": len(tally.failures),
        "examples": tally.failures[:5],
        "p50": at(0.5),
        "p99": at(0.99),
        "worst": at(1.0),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=150)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--header", action="append", default=[])
    options = parser.parse_args()
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    headers = dict(header.split(": ", 1) for header in options.header)
    print(json.dumps(drive(options.url, headers, options.rate, options.seconds, over)))


if __name__ == "__main__":
    main()
