"""Dry run of the attribution methods on one image: which of them apply to the model."""

from reportgen.evaluate.compute import Compute
from reportgen.evaluate.device import frozen_model
from reportgen.evaluate.memory import translate_memory_errors
from reportgen.evaluate.trial import trial_crops
from reportgen.explain.attributions import model_context, prepared_methods
from reportgen.explain.maps import Picture
from reportgen.explain.method_traits import Refusal
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.run_inputs import RunInputs


def rehearse(inputs: RunInputs, *, on: Compute, options: ExplainOptions) -> tuple[Refusal, ...]:
    """The methods that do not hold for the model, each logged with its reason; none where no picture is readable.

    Raises ConfigError for a plug-in that gives no Explainer, EvaluationError when one picture does not fit into memory.
    """
    crops = trial_crops(inputs, 1)
    if not crops:
        return ()
    picture = Picture(crop=crops[0], classes=(0,), seed=options.seed)
    with translate_memory_errors(on, "explanation"), frozen_model(inputs.model, on):
        return prepared_methods(model_context(inputs, picture, on=on, options=options), options.methods)[1]
