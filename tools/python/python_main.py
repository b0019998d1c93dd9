"""From the arguments of a call to its exit code, as `python3` does."""

import atexit
import builtins
import io
import linecache
import os
import re
import runpy
import sys
import tokenize
import types

import wit_world.imports.environment
import wit_world.imports.exit

import python_options
import python_patches

# Frames of files in this directory are left out of a traceback: they are not the script's.
OWN_DIRECTORY = os.path.dirname(__file__)

# Brackets inside one another that the parser takes on the stack of a call; 150 are too many.
MOST_NESTED = 90

BRACKETS = frozenset("()[]{}")
OPENING = frozenset(b"([{")


def prepare():
    """Sets up what is the same in every call: at build time alone."""
    for stream, buffered in ((sys.stdin, False), (sys.stdout, True), (sys.stderr, True)):
        # A call may end at a limit: what it has printed by then should have been seen.
        stream.reconfigure(encoding="utf-8", errors="surrogateescape", line_buffering=buffered)
    sys.stderr.reconfigure(errors="backslashreplace")
    sys.dont_write_bytecode = True
    sys.executable = sys._base_executable = ""
    python_patches.apply()
    # The directories of the build are not there in a call.
    sys.path.clear()
    sys.path_importer_cache.clear()


def main():
    """Runs what the arguments say and returns the exit code."""
    sys.modules.pop("app", None)
    name, *args = wit_world.imports.environment.get_arguments() or ["python"]
    python_patches.renew()
    try:
        options = python_options.read(args)
    except python_options.UsageError as error:
        print(error, file=sys.stderr)
        return ended(2)
    if options.text is not None:
        print(options.text)
        return ended(0)
    return ended(run(options))


def run(options):
    """Runs a script, a module, or standard input."""
    sys.argv[:] = [options.name, *options.args]
    sys.orig_argv[:] = ["python", *options.args]
    sys.warnoptions[:] = options.warnings
    try:
        options.apply()
        return run_main(options)
    except SystemExit as exit:
        return exit_code(exit)
    except BaseException as error:
        report(error)
        return 1


def run_main(options):
    main = types.ModuleType("__main__")
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    if options.module is not None:
        sys.path[:] = [os.getcwd()]
        runpy._run_module_as_main(options.module)
        return 0
    if options.code is not None:
        sys.path[:] = [""]
        source = options.code.encode("utf-8", "surrogateescape")
        name = "<string>"
    elif options.script is None:
        sys.path[:] = [""]
        source = sys.stdin.buffer.read()
        name = "<stdin>"
    else:
        name = os.path.abspath(options.script)
        if is_application(name):
            sys.path[:] = [name]
            runpy._run_module_as_main("__main__", False)
            return 0
        try:
            with open(name, "rb") as file:
                source = file.read()
        except OSError as error:
            print(f"python: can't open file {name!r}: {error.strerror}", file=sys.stderr)
            return 2
        sys.path[:] = [os.path.dirname(name)]
        main.__file__ = name
    if name.startswith("<"):
        lines = source.decode("utf-8", "replace").splitlines(True)
        linecache.cache[name] = (len(source), None, lines, name)
    check_nesting(source, name)
    code = compile(source, name, "exec", dont_inherit=True, optimize=options.optimize)
    exec(code, main.__dict__)
    return 0


def check_nesting(source, name):
    """Refuses brackets nested deeper than the stack of a call takes in the interpreter's parser."""
    brackets = re.sub(rb"[^][(){}]+", b"", source)
    if brackets.count(b"(") + brackets.count(b"[") + brackets.count(b"{") <= MOST_NESTED:
        return
    # Most scripts end here: those in strings are counted too, and rarely are that many open.
    if deepest((bracket in OPENING, index) for index, bracket in enumerate(brackets)) is None:
        return
    tokens = tokenize.tokenize(io.BytesIO(source).readline)
    try:
        operators = (token for token in tokens if token.string in BRACKETS)
        token = deepest((token.string in "([{", token) for token in operators)
    except (SyntaxError, tokenize.TokenError):
        # The parser has a better word for it, and stops at the same place.
        return
    if token is not None:
        (line, column), text = token.start, token.line
        place = (name, line, column + 1, text)
        raise SyntaxError(f"brackets are nested more than {MOST_NESTED} deep", place)


def deepest(brackets):
    """The first bracket that is inside of too many, if there is one."""
    depth = 0
    for opens, bracket in brackets:
        depth += 1 if opens else -1
        if depth > MOST_NESTED:
            return bracket
    return None


def is_application(path):
    """A directory or an archive with a `__main__.py`."""
    import zipfile

    if os.path.isdir(path):
        return True
    return path.endswith((".zip", ".pyz")) and zipfile.is_zipfile(path)


def report(error):
    """Prints a traceback of what the script did."""
    traceback = of_script(error.__traceback__)
    error.__traceback__ = traceback
    try:
        sys.excepthook(type(error), error, traceback)
    except BaseException:
        sys.__excepthook__(type(error), error, traceback)


def of_script(traceback):
    """A traceback without the frames of these files."""
    while traceback and is_own(traceback):
        traceback = traceback.tb_next
    kept = traceback
    while kept:
        following = kept.tb_next
        while following and is_own(following):
            following = following.tb_next
        kept.tb_next = following
        kept = following
    return traceback


def is_own(traceback):
    return os.path.dirname(traceback.tb_frame.f_code.co_filename) == OWN_DIRECTORY


def exit_code(exit):
    """The code of `sys.exit(…)`: a number, nothing, or what is printed before a 1."""
    code = exit.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def ended(code):
    """Does what is left to do at the end of a call."""
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.__stdout__, sys.stderr):
            # A script may have closed it, or put something else in its place.
            if not getattr(stream, "closed", True):
                stream.flush()
    except Exception as error:
        print(f"python: standard output: {error}", file=sys.__stderr__)
        code = code or 120
    return code
