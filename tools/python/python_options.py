"""The command line of `python3`."""

import dataclasses
import sys

USAGE = """usage: python [option] ... [-c cmd | -m mod | file | -] [arg] ...
-c cmd : run this program; the arguments after it are those of the program
-m mod : run a module of the standard library or of the working directory
file   : run a script; also a directory or a zip archive with a __main__.py
-      : run what standard input holds, as without any of these
-O     : skip assert statements; -OO also drops docstrings
-W arg : filter warnings, as warnings.filterwarnings does; -W error makes them exceptions
-V     : print the version
Without effect here: -b -B -d -E -I -P -q -R -s -S -u -v -x -X"""

# Options without effect: a call starts without a user's files, and its output is not held back.
WITHOUT_EFFECT = "bBdEIPqRsStuv"


class UsageError(Exception):
    """The arguments are wrong: the sentence says what would be right."""


@dataclasses.dataclass
class Options:
    """What is to be run, and how."""

    # The first of `sys.argv`.
    name: str = ""
    args: list = dataclasses.field(default_factory=list)
    code: str | None = None
    module: str | None = None
    script: str | None = None
    # Printed instead.
    text: str | None = None
    warnings: list = dataclasses.field(default_factory=list)
    # -1 is the interpreter's own level, which is that without -O.
    optimize: int = -1

    def apply(self):
        """Sets the filters of warnings."""
        if self.warnings:
            import warnings

            warnings._processoptions(self.warnings)


def read(args):
    """Reads the arguments."""
    options = Options()
    rest = list(args)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        if word.startswith("--"):
            long_option(options, word)
        elif cluster(options, word[1:], rest):
            return options
        if options.text is not None:
            return options
    if rest and rest[0] != "-":
        options.script = options.name = rest[0]
    elif rest:
        options.name = "-"
    options.args = rest[1:]
    return options


def long_option(options, word):
    if word == "--version":
        options.text = version()
    elif word in ("--help", "--help-all"):
        options.text = USAGE
    else:
        raise UsageError(f"unknown option {word}\n{USAGE}")


def cluster(options, letters, rest):
    """Reads options of one letter. Returns true if one of them begins the program."""
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in WITHOUT_EFFECT:
            continue
        if letter == "O":
            options.optimize = max(options.optimize, 0) + 1
        elif letter == "V":
            options.text = version()
        elif letter in "h?":
            options.text = USAGE
        elif letter in "cmWX":
            if not letters and not rest:
                raise UsageError(f"argument expected for the -{letter} option\n{USAGE}")
            value = letters or rest.pop(0)
            letters = ""
            if letter == "c":
                options.code, options.name, options.args = value + "\n", "-c", rest
                return True
            if letter == "m":
                options.module, options.name, options.args = value, "-m", rest
                return True
            if letter == "W":
                options.warnings.append(value)
        elif letter == "i":
            raise UsageError("-i: nobody is there to type: give the program with -c or a file")
        else:
            raise UsageError(f"unknown option -{letter}\n{USAGE}")
    return False


def version():
    return "Python " + sys.version.partition(" ")[0]
