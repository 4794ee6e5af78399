"""Four errors, named by what the runner does about them."""


class QingyuanError(Exception):
    """Anything that Qingyuan itself reports; `exit_code` is what the command line ends with."""

    exit_code = 1


class RecipeError(QingyuanError):
    """The request is wrong: the run stops before reading data and says what, where, and the nearest right name."""

    exit_code = 2


class BusyError(RecipeError):
    """Another command holds what this one needs: the same again later will do."""


class ShardError(QingyuanError):
    """One shard is bad: it is set aside by name, the run goes on and ends with 3."""

    exit_code = 3


class ServiceError(QingyuanError):
    """Someone else is down: tried again with back-off, then treated as a ShardError."""

    exit_code = 3


class LedgerError(QingyuanError):
    """The numbers do not add up: everything stops."""

    exit_code = 4


class GateError(QingyuanError):
    """A compliance gate refused: the evidence is written, nothing is released."""

    exit_code = 5
