"""What an attribution method says of itself: title, description, what it explains, how its maps are drawn.

Plain values, without torch: they are stored with a run, so that it can be rendered again where the method is not at
hand. Nothing outside of `explain/methods/` knows a method by its name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from reportgen.language import N_, Language

MethodText = str | Mapping[str, str]
"""Text for the reader: a message of the catalogues (marked by `N_`), or the same in several languages by their code."""
Explains = Literal["predicted", "predicted_and_rival", "predicted_against_rival"]
RefusalReason = Literal[
    "no_feature_map",  # nothing with a place in the picture that could be weighed
    "no_relu",  # no ReLU whose backward pass the method could change: it would be the plain gradient
    "other_activations",  # activations for which the method has no rule; detail names them
    "not_traceable",  # the forward pass cannot be rewritten on a private copy; detail says why
    "no_rule",  # a module or operation without a propagation rule; detail names it
    "does_not_add_up",  # the attributions do not add up to the difference they share out; detail gives both numbers
    "no_gradient",  # the forward pass keeps no gradient (torch.no_grad, detach)
    "program",  # TorchScript or an exported program: nothing inside it can be looked at or changed
    "same_for_every_picture",  # nothing of the picture reaches the map
    "no_map",  # what it gives is no answer to the request: another type or shape; detail says what
    "not_finite",  # every map holds NaN, infinite or negative values
    "failed",  # the method itself raised; detail says what
]
OWN = N_("A method of your own.")
_PLACE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodTraits:
    """What the report needs to know of a method.

    `title`: its name on the pages; "" for the name that it was asked by. `description`: what it does, in a sentence or
    two; `%(name)s` in it stands for a setting of its Explainer, `%(layer)s` for the target layer, `%(seed)s` for the
    run's seed, and a number whose name ends in `_frac` is written in percent.

    `explains`: the predicted class alone; that and its rival, each with a map of its own; or what speaks for the
    predicted class against the rival. The rival of an error is the true class. `at`: where the map lives, "layer" for
    the model's target layer, which is then looked for before the evaluation. `overlay`: whether a map is always laid
    over the picture; else one with a value a pixel is drawn alone, clipped at its 99th percentile. `scale`: maps of a
    picture whose methods name the same scale are drawn on one, from 0 to the largest of their peaks; "" for a scale of
    its own, which both maps of a method share. `localises`: whether the report says in words where its maps lie, and
    compares those of the predicted class with the masks of the whole run; of several such methods the first one asked
    for does it.
    """

    title: MethodText = ""
    description: MethodText = OWN
    explains: Explains = "predicted"
    at: Literal["layer", "pixels"] = "pixels"
    overlay: bool = False
    scale: str = ""
    localises: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError: a map of a difference has no class of its own whose place could be told."""
        if self.localises and self.explains == "predicted_against_rival":
            raise ValueError("a method that explains a class against its rival cannot localise")


UNKNOWN_METHOD = MethodTraits()
"""Of a method that says nothing of itself, or was stored by a version whose methods did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodUse:
    """A method that was used: its target layer ("" for pixels), its settings, and what a private copy changed."""

    name: str
    layer: str
    settings: Mapping[str, str | int | float]
    adjusted: Mapping[str, int]
    traits: MethodTraits = UNKNOWN_METHOD

    @property
    def scale(self) -> str:
        """The scale of its maps: of two methods with the same one, the maps of a picture are drawn alike."""
        return self.traits.scale or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A method that was asked for and does not hold for the model: no map was drawn."""

    name: str
    reason: RefusalReason
    detail: str
    traits: MethodTraits = UNKNOWN_METHOD


def titles(methods: Iterable[MethodUse | Refusal]) -> Mapping[str, MethodText]:
    """By name what a reader calls each of the methods."""
    return {one.name: one.traits.title or one.name for one in methods}


def text_in_language(text: MethodText, language: Language) -> str:
    """The text for readers of `language`; in English, or else in its first language, where it lacks theirs."""
    if isinstance(text, str):
        return language.gettext(text)
    return text.get(language.code) or text.get("en") or next(iter(text.values()), "")


def description(traits: MethodTraits, values: Mapping[str, str | int | float], language: Language) -> str:
    """The method's description with its settings; a name in it that is none of `values` is left as it stands."""

    def filled(match: re.Match[str]) -> str:
        value = values.get(match[1])
        if isinstance(value, str) or value is None:
            return match[0] if value is None else value
        return language.share(value, 0) if match[1].endswith("_frac") else language.number(value, ",")

    return _PLACE.sub(filled, text_in_language(traits.description, language))
