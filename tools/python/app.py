"""CPython as a command. What is imported and made here is in every call: `componentize-py` keeps
the memory of this module's import, and a call begins with a copy of it."""

import gc
import warnings

import wit_world.imports.exit
from wit_world import exports

import python_library
import python_main

with warnings.catch_warnings(action="ignore"):
    python_library.embed()
python_main.prepare()


class Run(exports.Run):
    """`wasi:cli/run`."""

    def run(self):
        code = python_main.main()
        wit_world.imports.exit.exit_with_code(code)


# What is there now is never looked at for garbage: it would only write to every page of it.
gc.collect()
gc.freeze()
