import socket

import click
import pytest

from klods.cli.serving import listen


def test_a_port_that_is_taken_is_named_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(click.ClickException, match=rf"127\.0\.0\.1:{port}.*in use.*--port"):
            listen("127.0.0.1", port)


def test_whoever_calls_before_the_workers_are_there_waits_in_the_queue():
    with listen("127.0.0.1", 0) as bound, socket.create_connection(bound.getsockname(), timeout=5):
        assert bound.get_inheritable()
