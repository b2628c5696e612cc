class Conflict(Exception):
    """The current state does not allow the request: 409, or `status`, with `{"detail": ...}` and any extra keys.

    Define each subclass beside the rule that it enforces.
    """

    status = 409
    detail = "The current state does not allow this."

    def __init__(self, detail=None, **extra):
        super().__init__(detail or self.detail)
        self.body = {"detail": str(self), **extra}
