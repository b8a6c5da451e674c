"""Run as a program with a folder and module names: imports them and prints what their own code did meanwhile."""

import gc
import importlib
import json
import os
import sys
import sysconfig
import threading

FOLDER, *NAMES = sys.argv[1:]
STANDARD = sysconfig.get_path("stdlib")
WATCHED = ("open", "socket.", "subprocess.", "os.", "sqlite3.", "fcntl.", "signal.", "shutil.")
HARMLESS = {"os.listdir", "os.scandir"}
events = []


def guilty_frame():
    """The nearest frame of the watched code, unless the import machinery or another package stands before it."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(FOLDER):
            return f"{file}:{frame.f_lineno}"
        if "importlib" in file or not (file.startswith((STANDARD, "<")) and "site-packages" not in file):
            return None
        frame = frame.f_back
    return None


def audit(event, arguments):
    if event.startswith(WATCHED) and event not in HARMLESS and (where := guilty_frame()):
        events.append(f"{event} {arguments[:1]} at {where}")


def start(thread, really=threading.Thread.start):
    if where := guilty_frame():
        events.append(f"thread started at {where}")
    really(thread)


class Environment(dict):
    """The environment, telling on who reads it."""

    def _tell(self):
        if where := guilty_frame():
            events.append(f"environment read at {where}")

    def __getitem__(self, key):
        self._tell()
        return super().__getitem__(key)

    def get(self, key, default=None):
        self._tell()
        return super().get(key, default)

    def __iter__(self):
        self._tell()
        return super().__iter__()

    def __contains__(self, key):
        self._tell()
        return super().__contains__(key)


sys.path.insert(0, FOLDER)
os.environ = Environment(os.environ)  # noqa: B003
threading.Thread.start = start
sys.addaudithook(audit)
for name in NAMES:
    importlib.import_module(name)
for thing in gc.get_objects():
    if type(thing).__name__ == "Settings" and type(thing).__module__ == "klods.settings":
        events.append("settings were made")
        break
print(json.dumps(events))
