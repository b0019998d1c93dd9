"""The standard library inside the component: the modules that most scripts use are imported before
the first call, the others are kept as code and imported when a script asks for them."""

import importlib
import importlib.abc
import importlib.machinery
import marshal
import os
import shutil
import sys
import zlib

# Imported at build time: a script gets them for nothing. Everything here was looked at for values
# that must be of the call (times, random numbers, variables), which `python_main` renews.
PRELOADED = (
    "_strptime abc argparse array ast asyncio base64 binascii bisect builtins calendar cmath "
    "codecs collections collections.abc contextlib copy csv dataclasses datetime decimal "
    "difflib enum errno fnmatch fractions functools gc getopt glob gzip hashlib heapq hmac "
    "html html.parser importlib importlib.util inspect io ipaddress itertools json keyword "
    "linecache locale math numbers operator os pathlib pickle pprint queue random re reprlib "
    "runpy secrets shlex shutil signal sqlite3 stat statistics string struct subprocess sys "
    "tempfile textwrap threading time tokenize tomllib traceback types typing unicodedata "
    "urllib.parse uuid warnings weakref xml.etree.ElementTree zipfile zlib zoneinfo "
    "encodings.ascii encodings.cp1252 encodings.idna encodings.latin_1 encodings.utf_16 "
    "encodings.utf_8 encodings.utf_8_sig"
).split()

# Not there, with the reason. Modules that begin with `_` and belong to another system (`_winapi`)
# are not there either, and nobody asks for them.
LEFT_OUT = {
    "bz2": "this Python is built without the bzip2 library; zlib, gzip and zipfile are there",
    "ctypes": "a sandbox loads no native libraries",
    "curses": "there is no terminal",
    "ensurepip": "nothing can be installed here",
    "fcntl": "WASI has no such calls",
    "grp": "a sandbox has no groups",
    "idlelib": "there is no display",
    "lzma": "this Python is built without the xz library; zlib, gzip and zipfile are there",
    "mmap": "WASI has no such calls: read the file",
    "msvcrt": "it is for Windows",
    "nt": "it is for Windows",
    "pty": "there is no terminal",
    "pwd": "a sandbox has no users",
    "readline": "there is no terminal",
    "resource": "the host sets the limits of a call",
    "ssl": "scripts have no network; the tools `curl` and `wget` do",
    "syslog": "there is no system log",
    "termios": "there is no terminal",
    "tkinter": "there is no display",
    "tty": "there is no terminal",
    "turtle": "there is no display",
    "turtledemo": "there is no display",
    "venv": "nothing can be installed here",
    "winreg": "it is for Windows",
    "winsound": "it is for Windows",
}

# The directory of the library while the component is built. Nothing of it is there in a call; the
# names of files in a traceback begin with it.
LIBRARY = os.path.dirname(shutil.__file__)

# Files of the library that are no part of it.
NOT_LIBRARY = {"__pycache__", "site-packages", "lib-dynload"}

# Modules that stand in for one in C where that is missing: none of these is.
STAND_INS = {"_pydatetime", "_pydecimal", "_pyio"}


class Embedded(importlib.abc.InspectLoader):
    """Loads modules whose code is in the component."""

    def __init__(self):
        # By name: the compressed code, its file, and whether it is a package.
        self.modules = {}

    def find_spec(self, name, path=None, target=None):
        known = self.modules.get(name)
        if known is None:
            return importlib.machinery.ModuleSpec(name, self) if name in LEFT_OUT else None
        _, file, package = known
        spec = importlib.machinery.ModuleSpec(name, self, origin=file, is_package=package)
        spec.has_location = True
        if package:
            spec.submodule_search_locations = [os.path.dirname(file)]
        return spec

    def invalidate_caches(self):
        pass

    def get_code(self, name):
        return marshal.loads(zlib.decompress(self.modules[name][0]))

    def get_source(self, name):
        return None

    def is_package(self, name):
        return self.modules[name][2]

    def get_filename(self, name):
        return self.modules[name][1]

    def exec_module(self, module):
        name = module.__name__
        if name in LEFT_OUT:
            raise ModuleNotFoundError(f"No module named {name!r}: {LEFT_OUT[name]}", name=name)
        run = importlib._bootstrap._call_with_frames_removed
        run(exec, self.get_code(name), module.__dict__)
        changed = CHANGED.get(name)
        if changed:
            changed(module)


# The interpreter leaves frames of this file out of tracebacks of imports.
MACHINERY = "<frozen importlib._bootstrap_external>"
for method in (Embedded.find_spec, Embedded.get_code, Embedded.exec_module):
    method.__code__ = method.__code__.replace(co_filename=MACHINERY)

EMBEDDED = Embedded()

# By module: what is changed when it has been loaded.
CHANGED = {}


def embed():
    """Fills the component: at build time alone."""
    for name, file in sorted(modules()):
        with open(file, "rb") as source:
            code = compile(source.read(), file, "exec", dont_inherit=True)
        package = os.path.basename(file) == "__init__.py"
        EMBEDDED.modules[name] = (zlib.compress(marshal.dumps(code), 9), file, package)
    for name in PRELOADED:
        importlib.import_module(name)
    for name, module in sys.modules.items():
        if name in EMBEDDED.modules:
            module.__loader__ = EMBEDDED
            module.__spec__.loader = EMBEDDED
    sys.meta_path.append(EMBEDDED)


def modules(directory=LIBRARY, prefix=""):
    """The modules of the standard library below a directory, with their files."""
    for entry in os.listdir(directory):
        path = os.path.join(directory, entry)
        name, ending = os.path.splitext(entry)
        if ending == ".py" and name.isidentifier():
            if name == "__init__":
                yield prefix[:-1], path
            elif prefix or is_kept(name):
                yield prefix + name, path
        elif not ending and entry not in NOT_LIBRARY and entry.isidentifier():
            if prefix or is_kept(entry):
                yield from modules(path, f"{prefix}{entry}.")


def is_kept(name):
    """Returns true if a module at the top of the library's directory belongs into the component."""
    return name in sys.stdlib_module_names and name not in LEFT_OUT and name not in STAND_INS
