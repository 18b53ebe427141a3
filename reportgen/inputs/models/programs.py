"""Programs saved in the place of weights: TorchScript archives (torch.jit.save) and exported programs (.pt2).

They need no architecture and no Python code. Their own code runs: TorchScript's, which is not Python and can do what
torch's operations can, and for an exported program a list of torch's operations. torch.export.load would also unpickle
objects and evaluate formulas of sizes; files that hold such objects or odd formulas are refused before.
"""

import io
import json
import logging
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.images.preprocessing_values import Said
from reportgen.inputs.models.output_reading import Program, Reading

log = logging.getLogger(__name__)
PROGRAM_NAMES: Mapping[Program, str] = {"torchscript": "TorchScript archive", "exported_program": "exported program"}
# What sizes are made of, as torch writes it: names of sizes, numbers, and functions of them.
_FORMULA = re.compile(
    r"(?:Symbol\('[suz]\d+'(?:, \w+=(?:True|False))*\)|[suz]?\d+|Add|Mul|Pow|Integer|Rational|FloorDiv|CeilDiv|Mod"
    r"|PythonMod|Max|Min|Eq|Ne|Le|Lt|Ge|Gt|int_oo|oo|[-+*/(), <>=])*"
)
_OBJECTS = ("custom_obj", "opaque_obj")  # names of files of pickled objects


def program_model(path: Path, kind: Program) -> tuple[nn.Module, Reading, Said]:
    """The program as a module, how it wants to be run, and the size of its pictures where the file says it.

    Raises InputError: not readable, made for another version of torch, or with more inside than operations and numbers.
    """
    log.info("%s: it runs as it was saved, without an architecture's Python code", PROGRAM_NAMES[kind])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch would like people to save something else
            if kind == "torchscript":
                script: nn.Module = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
                return script.eval(), Reading(n_columns=0, program=kind), {}
            _refuse_objects(path)
            program: Any = torch.export.load(path)
            batch, said = _inputs_of(program)
            return program.module(), Reading(n_columns=0, program=kind, batch=batch), said
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"checkpoint {path}",
            found=f"{PROGRAM_NAMES[kind]} that torch {torch.__version__} cannot load: {in_one_line(error)}",
            expected="one that needs nothing but torch's own operations, saved by this or an older version of torch",
            todo="save it anew with the torch version of this machine, or save the weights alone: model.state_dict()",
        ) from error


def _inputs_of(program: Any) -> tuple[tuple[int, int] | None, Said]:
    """(least, most) pictures at a time, None for any; and the size of a picture. Raises InputError for other inputs."""
    names = program.graph_signature.user_inputs
    shapes = [node.meta["val"].shape for node in program.graph.nodes if node.op == "placeholder" and node.name in names]
    if len(shapes) != 1 or len(shapes[0]) != 4:
        raise InputError(
            "exported program",
            found=f"{len(shapes)} inputs" if len(shapes) != 1 else f"an input of {len(shapes[0])} dimensions",
            expected="one input, images of (N, channels, height, width)",
            todo="export the model with such an input alone",
        )
    n, channels, height, width = shapes[0]
    fixed = [side for side in (channels, height, width) if isinstance(side, int)]
    said: dict[str, Any] = {}
    if len(fixed) == 3:
        said = {"crop_px": height if height == width else (height, width)}
    if isinstance(channels, int) and channels in (1, 3):
        said["channels"] = channels
    if isinstance(n, int):
        return (n, n), said
    limits = program.range_constraints.get(n.node.expr)
    least, most = (max(1, _whole(limits.lower, 1)), _whole(limits.upper, 0)) if limits else (1, 0)
    return ((least, most or 2**16) if least > 1 or most else None), said


def _whole(number: Any, infinite: int) -> int:
    try:
        return int(number)
    except (TypeError, ValueError, OverflowError, AttributeError):  # an endless range
        return infinite


def _refuse_objects(path: Path) -> None:
    """Raises InputError for what torch.export.load would unpickle, evaluate or link, and is no tensor and no size."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len(set(names)) < len(names):
            raise _refused(path, "archive holds two files of one name")
        if compiled := [name for name in names if "aotinductor" in name or name.endswith((".so", ".o", ".dll"))]:
            raise _refused(path, f"{compiled[0]} is machine code")
        tables = [json.loads(archive.read(name)) for name in names if name.endswith(".json")]
        pickled = {str(each["path_name"]) for each in _dictionaries(tables) if each.get("use_pickle")}
        for each in _dictionaries(tables):
            if str(each.get("path_name", "")).startswith(_OBJECTS):
                raise _refused(path, f"{each['path_name']} is an object")
            if not _FORMULA.fullmatch(str(each.get("expr_str", ""))):
                raise _refused(path, f"sizes hold {str(each['expr_str'])[:60]!r}")
        for name in names:
            if name.endswith(".pt") or name.rpartition("/")[2] in pickled:
                _refuse_pickle(path, name, archive.read(name))


def _refuse_pickle(path: Path, name: str, content: bytes) -> None:
    try:
        torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except Exception as error:
        raise _refused(path, f"{name} holds more than tensors") from error


def _dictionaries(value: Any) -> Iterator[dict[str, Any]]:
    """All of them in a JSON text's value, at any depth."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _dictionaries(part)


def _refused(path: Path, found: str) -> InputError:
    return InputError(
        f"checkpoint {path}",
        found=f"an exported program whose {found}; loading it would run code",
        expected="operations of torch, tensors and sizes alone",
        todo="export the model without such objects, or save the weights alone: model.state_dict()",
    )
