"""All options of a run, by where they stand in the TOML file."""

from reportgen.declared import declared
from reportgen.deliver.archive.options import RetentionOptions
from reportgen.deliver.mail.settings import MailSettings
from reportgen.explain.options import ExplainOptions
from reportgen.options import RunOptions

GIVEN = {"checkpoint": "c.pt", "dataset": "imagefolder", "data_root": "d"}
OPTIONS = {each.key: each for each in declared(RunOptions) if each.key}
TABLES = list(dict.fromkeys(key.partition(".")[0] for key in OPTIONS if "." in key))
ALONE = {"archive": RetentionOptions, "mail": MailSettings, "explain": ExplainOptions}  # read by themselves by commands
TOP_LEVEL = [*(key for key in OPTIONS if "." not in key), *TABLES]
