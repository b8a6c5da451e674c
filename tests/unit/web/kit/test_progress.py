import asyncio
import json

import pytest
from starlette.requests import Request

from klods.web.engine.snapshot import Snapshot, Switchboard
from klods.web.pages.kit.progress import Progress, show_progress, stream_progress
from klods.web.pages.rendering import Pages

PAGES = Pages(Switchboard(Snapshot(1, {}, {})))


def asked(accept="text/event-stream", **more):
    headers = [(b"accept", accept.encode()), *((name.replace("_", "-").encode(), b"7") for name in more)]
    return Request({"type": "http", "method": "GET", "path": "/x", "query_string": b"", "headers": headers,
                    "server": ("h", 80), "scheme": "http", "klods.pages": PAGES, "klods.subject": None})  # fmt: skip


def read(answer):
    async def parts():
        return "".join([part async for part in answer.body_iterator])

    return asyncio.run(parts())


def told(text):
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


def test_the_page_asks_again_and_is_told_how_far_it_is_by_now():
    answer = show_progress(asked(), "klods/patterns/progress_page.html", Progress(1200, 2400, "patterns.counting"))
    assert answer.body.decode().startswith("retry: 1000\n")
    step = told(answer.body.decode())[0]
    assert (step["percent"], step["text"], step["count"]) == (50, "Counting the boxes", "1,200 of 2,400")


def test_without_javascript_the_page_asks_for_itself_again_while_it_runs():
    def page(state):
        step = Progress(1, 2, state=state)
        return show_progress(asked("text/html"), "klods/patterns/progress_page.html", step).body.decode()

    again = '<noscript><meta http-equiv="refresh"'
    assert again in page("running")
    assert again not in page("done") + page("failed")


def test_a_generator_tells_of_each_step_when_it_takes_it():
    taken = []

    def steps():
        for done in range(3):
            taken.append(done)
            yield Progress(done, 2, "<b>", "running" if done < 2 else "done", next="/done" if done == 2 else "")

    answer = stream_progress(asked(), steps())
    assert taken == []

    async def read():
        return "".join([part async for part in answer.body_iterator])

    assert [(step["percent"], step["next"]) for step in told(asyncio.run(read()))] == [
        (0, ""),
        (50, ""),
        (100, "/done"),
    ]


@pytest.mark.parametrize(
    ("progress", "percent"),
    [
        (Progress(5), None),
        (Progress(5, 0), None),
        (Progress(9, 3), 100),
        (Progress(-1, 3), 0),
        (Progress(0, 3, state="done"), 100),
    ],
)
def test_the_share_that_is_done_lies_between_nothing_and_all(progress, percent):
    assert progress.percent == percent


@pytest.mark.parametrize(
    "wrong", [{"state": "lost"}, {"next": "https://evil.test"}, {"next": "//evil.test"}, {"next": "/\\evil.test"}]
)
def test_what_a_page_could_not_follow_is_refused(wrong):
    with pytest.raises(ValueError, match=r"work is|next page"):
        Progress(**wrong)
