"""A real SMTP server (aiosmtpd) on a free port, that can be told to misbehave.

`replies` holds what it says before it says yes: lists of answers by "connect", "HELO", "MAIL", "DATA" (before the text),
"TEXT" (after it) or a recipient's address, used up one by one. An answer is a reply line, or one of

    DIE          the connection is cut, without a word
    SLOW         nothing happens for SLOW_S seconds
    DIE_IN_TEXT  (for DATA) the text is asked for and the connection cut after its first line
    TRICKLE      (for DATA) the text is read in pieces with a pause after each, and forgotten
"""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

DIE, SLOW, DIE_IN_TEXT, TRICKLE = "DIE", "SLOW", "DIE_IN_TEXT", "TRICKLE"
SLOW_S, PAUSE_S = 5, 0.005


class Server:
    """What came in, and what is to be answered. Also the handler that aiosmtpd asks."""

    def __init__(self, replies=None):
        self.replies = {key: list(value) for key, value in (replies or {}).items()}
        self.n_sessions = 0
        self.mails = []  # (recipients, bytes), of the mails that were taken
        self.texts_in = 0  # texts that came in whole, taken or not
        self.logins = []
        self.text_came = threading.Event()
        self.port = 0

    @property
    def messages(self):
        return [message_from_bytes(content, policy=policy.default) for _, content in self.mails]

    @property
    def reached(self):
        """How often each person got the mail."""
        people = [person for to, _ in self.mails for person in to]
        return {person: people.count(person) for person in people}

    async def answer(self, key, protocol, otherwise):
        queue = self.replies.get(key)
        reply = queue.pop(0) if queue else otherwise
        if reply == SLOW:
            await asyncio.sleep(SLOW_S)
            return otherwise
        if reply == DIE:
            protocol.transport.abort()
            return "421 gone"
        return reply

    async def handle_MAIL(self, server, session, envelope, address, options):
        reply = await self.answer("MAIL", server, "250 OK")
        if reply.startswith("2"):
            envelope.mail_from = address
        return reply

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = await self.answer(address, server, "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):
        self.texts_in += 1
        self.text_came.set()
        reply = await self.answer("TEXT", server, "250 OK")
        if reply.startswith("2"):
            self.mails.append((tuple(envelope.rcpt_tos), envelope.original_content))
        return reply


class Protocol(SMTP):
    """aiosmtpd's own, with the steps that its handlers cannot reach."""

    async def _handle_client(self):
        self.event_handler.n_sessions += 1
        reply = await self.event_handler.answer("connect", self, "220")
        if reply == "220":
            await super()._handle_client()
        else:
            await self.push(reply)
            self.transport.close()

    async def smtp_DATA(self, arg):
        reply = await self.event_handler.answer("DATA", self, "354")
        if reply == "354":
            await super().smtp_DATA(arg)
        elif reply == DIE_IN_TEXT:
            await self.push("354 go on")
            await self._reader.readline()
            self.transport.abort()
        elif reply == TRICKLE:
            await self.push("354 go on")
            await self._trickle()
            await self.push("250 OK")
        else:
            await self.push(reply)

    async def _trickle(self):
        end = b""
        while end != b"\r\n.\r\n":
            await asyncio.sleep(PAUSE_S)
            piece = await self._reader.read(1 << 20)
            end = (end + piece)[-5:]


@contextmanager
def mail_server(replies=None, *, tls="none", context=None, login=None, max_bytes=None) -> Iterator[Server]:
    """Runs while the block does. login: (user, password) that it insists on."""
    server = Server(replies)

    def authenticate(_server, _session, _envelope, _mechanism, data):
        assert isinstance(data, LoginPassword)
        server.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=server.logins[-1] == login, handled=False)

    def protocol():
        return Protocol(
            server,
            hostname="localhost",
            data_size_limit=max_bytes,
            tls_context=context if tls == "starttls" else None,
            require_starttls=tls == "starttls",
            authenticator=authenticate,
            auth_required=login is not None,
            auth_require_tls=tls == "starttls",
            loop=loop,
        )

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    implicit: ssl.SSLContext | None = context if tls == "implicit" else None
    listener = asyncio.run_coroutine_threadsafe(
        loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit), loop
    ).result()
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_closed(listener), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _closed(listener):
    listener.close()
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
