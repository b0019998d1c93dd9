"""Time zones inside the component: the package tzdata of PyPI, as the sandbox has no
/usr/share/zoneinfo."""

import importlib.resources
import io
import zlib
import zoneinfo
import zoneinfo._common

# By name: the compressed TZif data.
ZONES = {}


def apply():
    """Fills the component: at build time alone."""
    try:
        top = importlib.resources.files("tzdata.zoneinfo")
    except ModuleNotFoundError:
        raise SystemError("the package tzdata is missing: `pip install tzdata`") from None
    names = importlib.resources.files("tzdata").joinpath("zones").read_text().split()
    for name in names:
        ZONES[name] = zlib.compress(top.joinpath(*name.split("/")).read_bytes(), 9)
    zoneinfo._common.load_tzdata = load
    zoneinfo.available_timezones = lambda: set(ZONES)
    zoneinfo.reset_tzpath(to=[])


def load(key):
    """Stands in for the function that looks for tzdata's files."""
    packed = ZONES.get(key)
    if packed is None:
        raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}")
    return io.BytesIO(zlib.decompress(packed))
