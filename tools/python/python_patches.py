"""What the standard library needs to work in a sandbox: no processes, threads or sockets, files
without permission bits, and a memory that was made when the component was built."""

import errno
import hashlib
import hmac
import logging
import os
import random
import sys
import time

import wit_world.imports.environment
import wit_world.imports.exit

import python_library
import python_loop
import python_zones

# The directory in which a call begins, where it was granted.
WORKSPACE = "/workspace"

NO_NETWORK = "scripts have no network: call curl or wget, and give the script what they print"
NO_PROCESSES = "a script starts no other program: call the other tool"


def apply():
    """Changes what is the same in every call: at build time alone."""
    os._exit = leave
    os.system = system
    for name in ("chmod", "lchmod", "fchmod"):
        if not hasattr(os, name):
            setattr(os, name, without_effect)
    # The clock of the process counts from the time when the component was built.
    time.process_time = time.thread_time = time.perf_counter
    time.process_time_ns = time.thread_time_ns = time.perf_counter_ns
    hashlib.pbkdf2_hmac = pbkdf2_hmac
    python_loop.apply()
    python_zones.apply()
    for name, change in (
        ("multiprocessing.process", change_processes),
        ("socket", change_socket),
        ("urllib.request", change_urllib_request),
    ):
        python_library.CHANGED[name] = change
        if name in sys.modules:
            change(sys.modules[name])


def renew():
    """Replaces what the memory has of the time when it was made."""
    environment = dict(wit_world.imports.environment.get_environment())
    os.environ.clear()
    os.environ.update(environment)
    random.seed()
    logging._startTime = time.time_ns()
    try:
        os.chdir(wit_world.imports.environment.initial_cwd() or WORKSPACE)
    except OSError:
        pass


def leave(code):
    """Ends the call at once, as `os._exit` does."""
    wit_world.imports.exit.exit_with_code(code & 0xFF)


def system(command):
    """Stands in for `os.system`, which is not there under WASI."""
    raise OSError(errno.ENOTSUP, NO_PROCESSES)


def without_effect(path, mode, *, dir_fd=None, follow_symlinks=True):
    """Stands in for `os.chmod`: a file here has no permission bits, but it must be there."""
    os.stat(path)


def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
    """Stands in for the function of OpenSSL, which is not there (RFC 8018, section 5.2)."""
    if iterations < 1:
        raise ValueError("iteration value must be greater than 0.")
    keyed = hmac.new(password, digestmod=hash_name)
    length = keyed.digest_size if dklen is None else dklen
    if length < 1:
        raise ValueError("key length must be greater than 0.")
    derived = b""
    for block in range(1, -(-length // keyed.digest_size) + 1):
        piece = salt + block.to_bytes(4)
        mixed = 0
        for _ in range(iterations):
            each = keyed.copy()
            each.update(piece)
            piece = each.digest()
            mixed ^= int.from_bytes(piece)
        derived += mixed.to_bytes(keyed.digest_size)
    return derived[:length]


def change_processes(process):
    """Says why no process starts."""

    def refuse(self):
        raise OSError(errno.ENOTSUP, NO_PROCESSES)

    process.BaseProcess.start = refuse


def change_socket(socket):
    """Says why there is no connection, where WASI's own error does not."""

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, NO_NETWORK)

    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        setattr(socket, name, refuse)
    for name in ("bind", "connect", "connect_ex", "listen", "sendto"):
        setattr(socket.socket, name, refuse)


def change_urllib_request(request):
    """Says why https is unknown: there is no TLS here."""

    def refuse(self, req):
        reason = f"unknown url type: {req.type}"
        raise request.URLError(NO_NETWORK if req.type == "https" else reason)

    request.UnknownHandler.unknown_open = refuse
