class Conflict(Exception):
    """The state does not allow it: 409 with `{"detail": ...}` and what else is given.

    Define the subclass beside the code that raises it.
    """

    status = 409
    detail = "The state does not allow it."

    def __init__(self, detail=None, **extra):
        super().__init__(detail or self.detail)
        self.body = {"detail": str(self), **extra}
