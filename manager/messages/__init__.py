"""Every sentence that the program says to a person, so that a second language can follow.

A text is a template. The names of its values tell how a page or a terminal shows them: `…_at` and `…_until` are
moments, shown in the reader's zone; `…_in` a moment shown as a countdown to it; `…_s` seconds, shown as people
say durations; `…_money` an amount in the box's currency; anything else is shown as it is.

`states` words boxes, `box` what a box reports of itself, `faults` what goes wrong, `terminal` what the command line
says, `doctor` what its checks find. The help of the command line stands in `manager.cli`, in docstrings and options,
where typer reads it; what a wrong setting says stands in `manager.settings`, where pydantic reads it; a page's own
words stand in `templates/`.
"""

from manager.messages.box import is_box_problem, is_box_step
from manager.messages.doctor import finding
from manager.messages.faults import Problem, problem
from manager.messages.message import Message, duration, fill, plain
from manager.messages.reach import note
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
    "headline",
    "is_box_problem",
    "is_box_step",
    "journal",
    "note",
    "plain",
    "problem",
    "sentence",
    "step",
    "veto",
    "warning",
]
