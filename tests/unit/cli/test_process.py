"""The command as a real process: pipes and signals behave like those of any other program."""

import os
import signal
import subprocess
import sys
import textwrap

import klods

KLODS = [sys.executable, "-m", "klods"]


def test_python_m_klods_is_the_klods_command():
    done = subprocess.run([*KLODS, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"klods {klods.__version__}\n"


def run_command(body, **options):
    code = textwrap.dedent(f"""
        import signal, sys, click
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
        from klods.cli.errors import run
        @click.command()
        def command():
            {body}
        sys.exit(run(command, []))
    """)
    return subprocess.Popen([sys.executable, "-c", code], text=True, stderr=subprocess.PIPE, **options)


def test_a_reader_that_goes_away_is_no_error_worth_words():
    reading, writing = os.pipe()
    os.close(reading)
    process = run_command("click.echo('x' * 10)", stdout=writing)
    os.close(writing)
    assert process.communicate(timeout=20)[1] == ""
    assert process.returncode == 1


def test_interrupting_a_command_prints_no_traceback():
    body = "print('ready', flush=True); import time; time.sleep(30)"
    process = run_command(body, stdout=subprocess.PIPE)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[1].strip() == ""
    assert process.returncode == 130
