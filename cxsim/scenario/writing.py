"""A scenario as YAML text."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import RoundTripRepresenter

from cxsim.files import whole_file
from cxsim.scenario.messages import Place, Problem, ScenarioError
from cxsim.scenario.yaml_scalar import plain_scalar
from cxsim.scenario.yaml_text import MAX_BYTES, parse

__all__ = ["to_yaml", "write_whole"]


#: Texts that need no quotes anywhere: words with single spaces and harmless marks.
_BARE = re.compile(r"[^\W_](?:[\w.,;*()/%+=-]| (?! |$))*")


class _Representer(RoundTripRepresenter):
    """Writes what the reader of this package reads back as the same value."""

    def text(self, value: str) -> Any:
        style: str | None = '"'
        if _BARE.fullmatch(value) and isinstance(plain_scalar(value), str):
            style = None
        elif "\n" in value and _is_block(value):
            style = ">" if max(map(len, value.split("\n"))) > 90 else "|"
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    def row(self, value: list[Any]) -> Any:
        flat = all(not isinstance(item, (dict, list)) for item in value)
        return self.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flat)

    def number(self, value: float) -> Any:
        text = repr(value).replace("inf", ".inf").replace("nan", ".nan")
        return self.represent_scalar("tag:yaml.org,2002:float", text)

    def nothing(self, _: None) -> Any:
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


class _Careful(_Representer):
    """Puts every text in quotes, on one line."""

    def text(self, value: str) -> Any:
        return self.represent_scalar("tag:yaml.org,2002:str", value, style='"')


def _is_block(value: str) -> bool:
    """Whether a text can stand below its key as it is."""
    lines = value.split("\n")
    return value[:1].strip() != "" and all(
        line.isprintable() and not line.endswith(" ") for line in lines
    )


_Representer.add_representer(str, _Representer.text)
_Representer.add_representer(list, _Representer.row)
_Representer.add_representer(float, _Representer.number)
_Representer.add_representer(type(None), _Representer.nothing)
_Careful.add_representer(str, _Careful.text)


def to_yaml(data: dict[str, Any]) -> str:
    """Return plain data as YAML 1.2 that :func:`~cxsim.scenario.yaml_text.parse` gives back."""
    text = _dumped(data, _Representer, width=100)
    # The emitter breaks some long lines of odd characters where no space was.
    if parse(text).value != _as_read(data):
        text = _dumped(data, _Careful, width=MAX_BYTES)
    return text


def _as_read(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_read(held) for key, held in value.items()}
    return tuple(map(_as_read, value)) if isinstance(value, list) else value


def _dumped(data: dict[str, Any], representer: type[_Representer], width: int) -> str:
    yaml = YAML(typ="rt", pure=True)
    yaml.Representer = representer
    yaml.allow_unicode = True
    yaml.width = width
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def write_whole(path: Path, text: str) -> Path:
    """Write a file whole or not at all: under a temporary name beside it, then renamed.

    Raises
    ------
    ScenarioError
        If it cannot be written; nothing is left behind.
    """
    try:
        path.parent.stat()  # a folder that is not there is not made up
        with whole_file(path) as draft:
            draft.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        problem = f"expected a file that can be written, found {reason}"
        raise ScenarioError(Problem(Place(str(path)), (), problem)) from None
    return path
