"""Tries module code in a child process, so that a crash, an exit or an endless loop hurts nobody."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from klods.errors import InvalidConfig, PartFailed
from klods.kernel.catalog import Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.parts import PARTS
from klods.kernel.ports import Question
from klods.outbound.approved import content_hash
from klods.outbound.spelling import definition_from_data, definition_to_data

TIME_LIMIT = 30.0
BELIEVED_SECONDS = 600.0
"""How long a definition that did not finish is not tried again: whoever looks at the modules would wait for it anew."""

LONGEST_REASON = 500
LARGEST_ANSWER = 1 << 20


class ChildProbe:
    """Loads modules in a child of its own for each question; keeps what definitions say by content."""

    def __init__(self, cache: Path, *, seconds: float = TIME_LIMIT, believed: float = BELIEVED_SECONDS) -> None:
        self._cache = cache
        self._seconds = seconds
        self._believed = believed

    def read(self, source: Source) -> ModuleDefinition:
        """What `definition.py` says, as plain data; raise `PartFailed` when it cannot be run."""
        kept = self._cache / f"{source.code}-{content_hash(source.folder)}.json"
        with contextlib.suppress(FileNotFoundError, ValueError):
            return definition_from_data(json.loads(kept.read_text("utf-8")))
        data = self._ask_once(source, kept.with_suffix(".late")).get("definition")
        try:
            definition = definition_from_data(data)
        except ValueError as error:
            raise _failed(source, str(error)) from None
        _write_whole(kept, json.dumps(data))
        return definition

    def _ask_once(self, source: Source, late: Path) -> dict[str, Any]:
        """Ask for the definition, unless this content was too late a while ago, in whatever process."""
        if late.exists() and 0 <= time.time() - late.stat().st_mtime < self._believed:
            raise _late(source, self._seconds)
        began = time.monotonic()
        try:
            return self._ask("definition", source)
        except PartFailed:
            if time.monotonic() - began >= self._seconds:
                _write_whole(late, "")
            raise

    def try_parts(self, source: Source, needed: Sequence[Source]) -> None:
        """Load every part of a module beside those it needs; raise `PartFailed` with file and line."""
        self._keep_settings(source, self._ask("parts", source, needed))

    def settings(self, source: Source, needed: Sequence[Source] = ()) -> Mapping[str, Any]:
        """The JSON schema of the module's ``config_schema``; empty when it has none. Raises `PartFailed`."""
        if not PARTS["definition"].exists(source.folder):
            return {}
        kept = self._settings_file(source)
        with contextlib.suppress(FileNotFoundError, ValueError):
            known: dict[str, Any] = json.loads(kept.read_text("utf-8"))
            return known
        return self._keep_settings(source, self._ask("settings", source, needed))

    def normal(self, question: Question) -> Mapping[str, Any]:
        """What was given as the schema spells it, without secrets; raise `InvalidConfig` or `PartFailed`."""
        module = question.module
        more = {
            "definition": definition_to_data(module.definition),
            "environment": dict(question.environment),
            "given": dict(question.given),
        }
        answer = self._ask("normal", module.source, question.needed, more)
        if wrong := answer.get("wrong"):
            raise _wrong(module.code, wrong)
        found: dict[str, Any] = answer["normal"]
        return found

    def _settings_file(self, source: Source) -> Path:
        return self._cache / f"{source.code}-{content_hash(source.folder)}.settings.json"

    def _keep_settings(self, source: Source, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        found = answer.get("settings")
        known = found if isinstance(found, dict) else {}
        if PARTS["definition"].exists(source.folder):
            _write_whole(self._settings_file(source), json.dumps(known))
        return known

    def _ask(
        self, task: str, source: Source, needed: Sequence[Source] = (), more: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Any]:
        about = {"task": task, "source": _data(source), "needed": [_data(one) for one in needed]}
        answer = self._run({**about, **more}, source)
        if "failed" in answer:
            raise _told(source, answer["failed"])
        return answer

    def _run(self, task: dict[str, Any], source: Source) -> dict[str, Any]:
        with tempfile.TemporaryFile() as result, tempfile.TemporaryFile() as said:
            child = _start(result.fileno(), said.fileno())
            status = self._wait(child, json.dumps(task | {"answer_to": result.fileno()}), source)
            answer = _last_of(result)
            if not answer:
                raise _failed(source, _how_it_ended(status, _last_of(said)))
            if len(answer) >= LARGEST_ANSWER:
                raise _failed(source, f"it says more than {LARGEST_ANSWER >> 10} KiB about itself")
            return _read(source, answer)

    def _wait(self, child: "subprocess.Popen[str]", task: str, source: Source) -> int:
        try:
            child.communicate(task, timeout=self._seconds)
        except subprocess.TimeoutExpired:
            raise _late(source, self._seconds) from None
        finally:
            # What the module started as well goes with it, also after a clean end.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        return child.returncode


def _start(answer_to: int, said: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "klods.outbound.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=said,
        pass_fds=(answer_to,),
        start_new_session=True,
        text=True,
        encoding="utf-8",
    )


def _last_of(file: IO[bytes]) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - LARGEST_ANSWER))
    return file.read(LARGEST_ANSWER).decode("utf-8", "replace")


def _data(source: Source) -> dict[str, Any]:
    return {key: str(value) for key, value in asdict(source).items()}


def _read(source: Source, answer: str) -> dict[str, Any]:
    """The answer, which the module's own code may have written."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _failed(source, "the process loading it gave an answer that makes no sense")
    return found


def _told(source: Source, failure: object) -> PartFailed:
    told = failure if isinstance(failure, dict) else {}
    part, reason, where = (str(told.get(key, "")) for key in ("part", "reason", "where"))
    return PartFailed(module=source.code, part=part, reason=reason, where=where)


def _wrong(code: str, wrong: object) -> InvalidConfig:
    told = wrong if isinstance(wrong, dict) else {}
    return InvalidConfig(module=code, reason=str(told.get("reason", "")), faults=told.get("faults", {}))


def _failed(source: Source, reason: str) -> PartFailed:
    return PartFailed(module=source.code, part="module", reason=reason, where=str(source.folder))


def _late(source: Source, seconds: float) -> PartFailed:
    return _failed(source, f"it did not finish loading within {seconds:g} seconds")


def _how_it_ended(status: int, said: str) -> str:
    last = said.strip().splitlines()[-1:] or [""]
    if status < 0:
        return f"the process loading it died with {signal.Signals(-status).name}"
    return f"the process loading it ended early with status {status} {last[0]}".strip()[:LONGEST_REASON]


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, "utf-8")
    draft.replace(path)
