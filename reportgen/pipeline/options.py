"""The configuration in the terms of each stage."""

import os
from collections.abc import Mapping

from pydantic import TypeAdapter

from reportgen.analyse.gate_rules import GateRules
from reportgen.config import Config
from reportgen.config_tables import MailTable, PreprocessingTable
from reportgen.deliver.mail.sending import MailSettings
from reportgen.errors import ConfigError
from reportgen.evaluate.decoding import LoopOptions
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.datasets.labelled_images import DataSource
from reportgen.inputs.images.preprocessing_values import OtherScaleError, Said, said
from reportgen.inputs.run_inputs import InputOptions


def input_options(config: Config) -> InputOptions:
    """What to read. Raises ConfigError for a mean or std of another scale."""
    return InputOptions(
        checkpoint=config.checkpoint,
        dataset=config.dataset,
        source=DataSource(root=config.data_root, split=config.split, download=config.download),
        arch=config.arch,
        model_name=config.model_name,
        target_layer=config.target_layer,
        preprocessing=_preprocessing(config.preprocessing),
        species_path=config.species,
        notes_path=config.notes,
        renamed=config.rename,
        notice=config.notice,
    )


def _preprocessing(table: PreprocessingTable | None) -> Said:
    try:
        return said(table.model_dump(exclude_none=True)) if table else {}
    except OtherScaleError as error:
        raise ConfigError(
            "[preprocessing]: mean and std",
            found=str(error),
            expected="mean and std for pixels in [0, 1]: a mean from 0 to 1, a std over 0 and at most 1",
            todo=f"write {error.meant}" if error.meant else "correct the mean",
        ) from error


def loop_options(config: Config, device: str) -> LoopOptions:
    """How to evaluate.

    Without an order: beside a GPU most cores decode; on the CPU the model has the cores, and decoding its turn.
    """
    if config.workers is not None:
        return LoopOptions(batch_size=config.batch_size, n_workers=config.workers)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    n_workers = max(1, cores - 1) if device.startswith("cuda") else 0
    return LoopOptions(batch_size=config.batch_size, n_workers=n_workers)


def explain_options(config: Config) -> ExplainOptions:
    """How to explain."""
    return ExplainOptions(methods=config.methods, seed=config.seed, **config.explain.model_dump())


def gate_rules(config: Config) -> GateRules:
    """The rules of the gate."""
    rules: GateRules = TypeAdapter(GateRules).validate_python(
        {**config.gate.model_dump(), "strict": config.strict_gate, "max_unreadable": config.max_unreadable}
    )
    return rules


def mail_settings(table: MailTable, environment: Mapping[str, str]) -> MailSettings:
    """Whom to send the report and how. User and password come from the environment alone.

    Raises ConfigError for an address or a combination that cannot work.
    """
    return MailSettings(
        **table.model_dump(),
        user=environment.get("REPORTGEN_MAIL_USER"),
        password=environment.get("REPORTGEN_MAIL_PASSWORD"),
    )
