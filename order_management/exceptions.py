from enum import StrEnum


class Code(StrEnum):
    """The `code` beside every `detail`, by which programs tell errors apart. Meanings never change."""

    PARSE_ERROR = "parse_error"
    NOT_AUTHENTICATED = "not_authenticated"
    TOKEN_NOT_VALID = "token_not_valid"  # noqa: S105, the name of SimpleJWT
    NO_ACTIVE_ACCOUNT = "no_active_account"
    PERMISSION_DENIED = "permission_denied"
    HTTPS_REQUIRED = "https_required"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    OUT_OF_STOCK = "out_of_stock"
    TOTAL_DIFFERS = "total_differs"
    ILLEGAL_STEP = "illegal_step"
    NOT_RETURNABLE = "not_returnable"
    STOCK_OUT_OF_BOUNDS = "stock_out_of_bounds"
    STOCK_DIFFERS = "stock_differs"
    NOT_DELETED = "not_deleted"
    OWN_ACCESS = "own_access"
    LENGTH_REQUIRED = "length_required"
    PRECONDITION_FAILED = "precondition_failed"
    TOO_LARGE = "too_large"
    URI_TOO_LONG = "uri_too_long"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    KEY_REUSED = "key_reused"
    THROTTLED = "throttled"
    ERROR = "error"
    UNAVAILABLE = "unavailable"


# The codes of errors of which only the status is known.
CODES = {
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    411: Code.LENGTH_REQUIRED,
    413: Code.TOO_LARGE,
    414: Code.URI_TOO_LONG,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
    503: Code.UNAVAILABLE,
}


def error_body(status, detail, code=None):
    """Return the body of an error, with the code that follows from its status unless another is given."""
    default = Code.ERROR if status >= 500 else Code.PARSE_ERROR
    return {"detail": detail, "code": code or CODES.get(status, default)}


class Conflict(Exception):
    """The current state does not allow the request: 409, or `status`, with `detail`, `code` and any extra keys.

    Define each subclass beside the rule that it enforces. Those that no API call returns need no code.
    """

    status = 409
    code = None
    detail = "The current state does not allow this."

    def __init__(self, detail=None, **extra):
        super().__init__(detail or self.detail)
        self.body = {"detail": str(self), "code": self.code, **extra}
