"""smtplib with a stranger at the other end: every answer and the whole conversation have limits."""

import io
import smtplib
import socket
import ssl
import time
from typing import Any

MAX_ANSWER_BYTES = 1 << 16


class _Answers(io.RawIOBase):
    """What smtplib reads a server's lines from. Raises OSError where an answer has no end, in bytes or in time."""

    def __init__(self, connection: socket.socket, timeout_s: float, ends_at: float) -> None:
        super().__init__()
        self._connection, self._timeout_s, self._ends_at = connection, timeout_s, ends_at
        self._rest = b""
        self.answer_begins()

    def answer_begins(self) -> None:
        self._n_bytes, self._due = 0, min(time.monotonic() + self._timeout_s, self._ends_at)

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next line, at most `size` bytes of it; what came before the end of the connection."""
        most = MAX_ANSWER_BYTES if size is None or size < 0 else size
        while b"\n" not in self._rest and len(self._rest) < most and self._received():
            pass
        end = self._rest.find(b"\n") + 1
        n_bytes = min(end or len(self._rest), most)
        line, self._rest = self._rest[:n_bytes], self._rest[n_bytes:]
        self._n_bytes += n_bytes
        if self._n_bytes > MAX_ANSWER_BYTES:
            raise OSError(f"an answer of more than {MAX_ANSWER_BYTES:,} bytes")
        return line

    def _received(self) -> bool:
        before = self._connection.gettimeout()
        self._connection.settimeout(max(self._due - time.monotonic(), 0.001))
        try:
            more = self._connection.recv(4096) if time.monotonic() < self._due else None
        except TimeoutError:
            more = None
        finally:
            self._connection.settimeout(before)
        if more is None:
            raise TimeoutError("the answer took too long")
        self._rest += more
        return bool(more)


class BoundedSMTP(smtplib.SMTP):
    """A client that gives up: after timeout_s for each step and answer, and after limit_s for all of them.

    context: encrypted from the first byte; None for plain, until starttls.
    """

    def __init__(
        self, host: str, port: int, *, timeout_s: float, limit_s: float, context: ssl.SSLContext | None
    ) -> None:
        self._ends_at, self._timeout_s, self._from_the_first_byte = time.monotonic() + limit_s, timeout_s, context
        super().__init__(host, port, timeout=min(timeout_s, limit_s))

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # smtplib's own hook, as in SMTP_SSL
        plain = socket.create_connection((host, port), timeout, self.source_address)
        context = self._from_the_first_byte
        return plain if context is None else context.wrap_socket(plain, server_hostname=host)

    def getreply(self) -> tuple[int, bytes]:
        """As smtplib's, within the limits."""
        if isinstance(self.file, _Answers):
            self.file.answer_begins()
        elif self.sock is not None:
            self.file = _Answers(self.sock, self._timeout_s, self._ends_at)
        return super().getreply()

    def send(self, s: Any) -> None:
        """As smtplib's, within the limits."""
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            self.close()
            raise smtplib.SMTPServerDisconnected("the whole conversation took too long")
        if self.sock is not None:
            self.sock.settimeout(min(self._timeout_s, left_s))
        super().send(s)
