"""The one way a service of the sandbox says no."""

from __future__ import annotations


class Fault(Exception):
    """A SOAP fault (protocol.md §2.3).

    ``code`` and ``text`` make the faultstring (``SOP-330011 Error while …``);
    ``detail`` holds the cause, often with a second code.
    """

    def __init__(self, code: str, text: str, detail: str = "") -> None:
        super().__init__(f"{code} {text}" + (f" {detail}" if detail else ""))
        self.code = code
        self.text = text
        self.detail = detail


def method_failed(urn: str, method: str, detail: str) -> Fault:
    """Wrap a cause as Campaign does: SOP-330011 names the method, detail the cause."""
    return Fault(
        "SOP-330011",
        f"Error while executing the method '{method}' of service '{urn}'.",
        detail,
    )
