"""Files of torch.save, read with `weights_only=True` and an allow-list: nothing that they contain is run."""

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.checkpoints.checkpoint import RESAVE
from reportgen.inputs.checkpoints.claims import bounded_memory, refuse_unpacked
from reportgen.inputs.checkpoints.harmless import is_known, may_be_an_enum, safe_globals
from reportgen.inputs.checkpoints.pickled_names import MOST_PARTS, PickledNames, pickled_names
from reportgen.plain_text import named

_WHOLE_MODEL = "a whole pickled model, not its weights"
_SETTINGS = "settings of omegaconf (Hydra) beside the weights"
_WRITERS: tuple[tuple[str, str], ...] = (  # the beginning of a name in the pickle: what it says of the file
    ("fastai.", "an export of fastai (learn.export), which pickles the whole Learner"),
    ("ultralytics.", "a whole pickled model of ultralytics"),
    ("torch.nn.modules.", _WHOLE_MODEL),
    ("torch.fx.", _WHOLE_MODEL),
    ("torchvision.models.", _WHOLE_MODEL),
    ("timm.models.", _WHOLE_MODEL),
    ("transformers.models.", _WHOLE_MODEL),
    ("sklearn.", "an estimator of scikit-learn, no torch model"),
    ("joblib.", "a file of joblib, no torch model"),
    ("omegaconf.", _SETTINGS),
)
_OMEGACONF = "make the settings a plain dict (OmegaConf.to_container(cfg, resolve=True))"
_DEEPEST, _LONGEST_KEY = 4, 60  # of keys that are told
_FOR_FASTAI = "in fastai, save the weights alone: learn.save(NAME), or " + RESAVE


def read(path: Path) -> Mapping[str, Any]:
    """The dictionary in the file. Raises InputError: damaged, not a dictionary, or a pickle that wants to run code."""
    refuse_unpacked(path)
    wanted = pickled_names(path)
    if wanted.n_parts > MOST_PARTS:
        raise _not_plain(path, f"it has more than {MOST_PARTS:,} parts", {})
    foreign = tuple(name for name in wanted.names if may_be_an_enum(name))
    try:
        # By an open file, since torch goes by the ending of a path.
        with (
            path.open("rb") as file,
            bounded_memory(path),
            torch.serialization.safe_globals(safe_globals(foreign)),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # of old formats and protocols, before they are read or refused
            content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a cut file makes torch raise struct.error, IndexError and more
        raise _refusal(path, wanted, error) from error
    if not isinstance(content, Mapping):
        raise InputError(
            f"checkpoint {path}", found=f"a {type(content).__name__}", expected="a dictionary of weights", todo=RESAVE
        )
    return content


def refused_pickle(path: Path) -> InputError:
    """The error for a pickle that torch.save did not write (pickle.dump, joblib, scikit-learn)."""
    wanted = pickled_names(path)
    cause = _writer(wanted.names) or "pickle.dump wrote it, not torch.save"
    refused = tuple(name for name in wanted.names if not is_known(name) or may_be_an_enum(name))
    return _not_plain(path, cause, _places(refused, wanted))


def _refusal(path: Path, wanted: PickledNames, error: Exception) -> InputError:
    """By what is known: a newer torch, a name that is not let in, a protocol, a damage; in this order."""
    told = _own_words(error)
    if isinstance(error, MemoryError) or "not enough memory" in str(error):
        return _not_plain(path, "it asks for more memory than plain weights of its size need", {})
    global_name = re.search(r"GLOBAL (\S+)", str(error))
    refused = _refused(wanted.names)
    if global_name and not refused:
        refused = (global_name[1],)
    newer = [name for name in refused if name.startswith("torch.") and not _is_in_this_torch(name)]
    if newer or "maximum supported version" in str(error):
        return InputError(
            f"checkpoint {path}",
            found=f"written by a newer PyTorch than this one ({torch.__version__})"
            + (f": it holds {', '.join(newer)}" if newer else f": {told}"),
            expected="a file that this PyTorch can read",
            todo="update torch here, or save the weights with safetensors where they were trained",
        )
    if refused:
        return _not_plain(path, _writer(refused), _places(refused, wanted))
    if wanted.protocol > 2 and "Unsupported operand" in str(error):
        return _not_plain(path, f"it was saved with pickle_protocol={wanted.protocol}, where torch.save's own is 2", {})
    if wanted.whole and isinstance(error, pickle.UnpicklingError | TypeError | ValueError):
        writer, named_in_it = _writer(wanted.names), tuple(name for name in wanted.names if name in told)
        cause = writer if named_in_it else f"{writer} ({told})" if writer else told
        return _not_plain(path, cause, _places(named_in_it, wanted))
    return InputError(
        f"checkpoint {path}",
        found=f"not readable: {told}",
        expected="a file written by torch.save, whole",
        todo="copy the file anew, or " + RESAVE,
    )


def _places(refused: tuple[str, ...], wanted: PickledNames) -> Mapping[str, str]:
    """By name where in the dictionary it is asked for first: "['cfg']['optimizer']", "" where that is not known."""
    keys = {name: wanted.keys.get(name, ())[:_DEEPEST] for name in refused}
    return {name: "".join(f"[{key[:_LONGEST_KEY]!r}]" for key in path) for name, path in keys.items()}


def _not_plain(path: Path, cause: str, refused: Mapping[str, str]) -> InputError:
    told = [f"{name} (under {place})" if place else name for name, place in refused.items()]
    names = named(told, most=5, longest=300)
    causes = [text for text in (cause, f"it wants {names}" if names else "") if text]
    return InputError(
        f"checkpoint {path}",
        found=f"a pickle that is not plain weights: {'; '.join(causes)}",
        expected="tensors and plain values only; running code from a checkpoint is refused",
        todo=_FOR_FASTAI if "fastai" in cause else RESAVE if cause and cause != _SETTINGS else _advice(refused),
    )


def _advice(refused: Mapping[str, str]) -> str:
    """What lies under keys of its own, beside the weights, can be made plain or left out."""
    if not refused or not all(refused.values()):
        return RESAVE
    keys = dict.fromkeys(place.partition("]")[0] + "]" for place in refused.values())
    where = named(keys, most=5)
    plain = _OMEGACONF if any(name.startswith("omegaconf.") for name in refused) else "make it a plain dict"
    return f"where it was saved, {plain}, or leave {where} out before torch.save; or {RESAVE}"


def _own_words(error: Exception) -> str:
    """Without the page of advice that torch puts around them."""
    within = re.search(r"WeightsUnpickler error:\s*(.+?)(?:\n|$)", str(error))
    return within[1].strip()[:200] if within else in_one_line(error)


def _refused(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are in no list: neither in torch's nor in ours."""
    return tuple(name for name in names if not is_known(name))


def _writer(names: tuple[str, ...]) -> str:
    return next((what for start, what in _WRITERS if any(name.startswith(start) for name in names)), "")


def _is_in_this_torch(name: str) -> bool:
    found: Any = torch
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
    return found is not None
