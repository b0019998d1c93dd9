"""The tool: one method for each function that tool.wit exports."""

from componentize_py_types import Err
import wit_world


class WitWorld(wit_world.WitWorld):
    def greet(self, name: str) -> str:
        name = name.strip()
        if not name:
            raise Err("name is blank")
        return f"Hello, {name}!"
