"""Every sentence that the program says to a person, so that a second language can follow.

A text is a template. The names of its values tell how a page or a terminal shows them: `…_at` and `…_until` are
moments, shown in the reader's zone; `…_in` a moment shown as a countdown to it; `…_s` seconds, shown as people
say durations; `…_size` bytes; `…_money` an amount in the box's currency; anything else is shown as it is.

`states` words boxes, `box` and `report` what a box reports of itself, `faults` what goes wrong, `terminal` what the
command line says, `doctor` what its checks find. The help of the command line stands in `manager.cli`, in docstrings
and options, where typer reads it; what a wrong setting says stands in `manager.settings`, where pydantic reads it; a
page's own words stand in `templates/`.
"""

from manager.messages.box import is_box_problem, is_box_step
from manager.messages.doctor import finding
from manager.messages.faults import Problem, problem
from manager.messages.message import Message, duration, fill, plain, size
from manager.messages.reach import note
from manager.messages.report import guard_announced, guard_off, guard_stopping, model_file, models
from manager.messages.states import box_step, cause, detail, headline, journal, step, veto, warning
from manager.messages.terminal import sentence

__all__ = [
    "Message",
    "Problem",
    "box_step",
    "cause",
    "detail",
    "duration",
    "fill",
    "finding",
    "guard_announced",
    "guard_off",
    "guard_stopping",
    "headline",
    "is_box_problem",
    "is_box_step",
    "journal",
    "model_file",
    "models",
    "note",
    "plain",
    "problem",
    "sentence",
    "size",
    "step",
    "veto",
    "warning",
]
