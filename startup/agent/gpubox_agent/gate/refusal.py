"""Why somebody may not pass."""


class Refused(Exception):
    """Not let in. `code` is stable, and tells nothing that whoever sent the request did not know.

    missing     neither cookie nor bearer token
    malformed   no pass at all
    wrong_kind  a pass, but of another kind than is asked for here
    forged      signed by nobody whom this box knows
    other_box   good for another box
    expired     its time is over
    too_early   its time has not come: one of the two clocks is wrong
    used        a ticket or a statement that was there already
    stale       a statement older than the last one
    ended       the panel's session is over
    address     copied to an address that it is not for
    closed      the box is not open to this address at all
    closing     the box is about to power off, and takes no new prompt
    cross_site  another site's page sent it
    unavailable that it was used could not be written down, so it is not taken
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
