"""TLS on a real socket with throw-away certificates: what fails in the handshake was not sent."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress

import pytest
import trustme

from openai_conversations.errors import APIConnectionError
from openai_conversations.transport.session import SessionManager
from tests.fakes import append_request, get_request
from tests.sockets import http

OURS, THEIRS = trustme.CA(), trustme.CA()


def server_context(*, needs_certificate=False, version=None):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    OURS.issue_cert("localhost").configure_cert(context)
    if needs_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        OURS.configure_trust(context)
    if version is not None:
        context.maximum_version = version
    return context


def client_context(*, trusts=OURS, certificate=None):
    context = ssl.create_default_context()
    trusts.configure_trust(context)
    if certificate is not None:
        certificate.configure_cert(context)
    return context


@contextmanager
def tls_server(context, asked, after=None):
    """
    Answer one request over TLS, or send *after* and close the connection.

    In a thread with blocking sockets: asyncio's own server resets a connection whose handshake failed, which takes the
    alert away that says why. Servers in the wild close it in order.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_serve, args=(listening, context, asked, http() if after is None else after))
    thread.start()
    try:
        yield f"https://localhost:{listening.getsockname()[1]}/v1"
    finally:
        thread.join()
        listening.close()


def _serve(listening, context, asked, response):
    connection, _ = listening.accept()
    with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as tls:
        try:
            tls.do_handshake()
            head = b""
            while b"\r\n\r\n" not in head:
                head += tls.recv(65536)
            asked.append(head)
            tls.sendall(response)
        except OSError:
            with suppress(OSError):
                socket.socket.shutdown(tls, socket.SHUT_WR)
                while socket.socket.recv(tls, 65536):
                    pass


async def sent(url, context, make=append_request):
    manager = SessionManager(ssl=context)
    try:
        return await manager.send(make(url=url, body=b"{}" if make is append_request else None))
    finally:
        await manager.close()


versions = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])

pytestmark = pytest.mark.real_time


@versions
async def test_a_certificate_that_is_right(version):
    """With the certificate that a server asks for, a call is like any other."""
    asked = []
    with tls_server(server_context(needs_certificate=True, version=version), asked) as url:
        response = await sent(url, client_context(certificate=OURS.issue_cert("client@example.org")))

    assert (200, 1) == (response.status_code, len(asked))


@versions
@pytest.mark.parametrize("certificate", [None, "of another authority"])
async def test_a_certificate_that_is_missing(version, certificate):
    """A server that refuses the handshake for want of a certificate has not looked at the write: it was not sent."""
    issued = None if certificate is None else THEIRS.issue_cert("client@example.org")
    asked = []
    with (
        tls_server(server_context(needs_certificate=True, version=version), asked) as url,
        pytest.raises(APIConnectionError) as caught,
    ):
        await sent(url, client_context(certificate=issued))

    assert (False, []) == (caught.value.sent, asked)


@versions
async def test_a_server_that_is_not_trusted(version):
    """A server whose certificate is not trusted gets nothing."""
    asked = []
    with (
        tls_server(server_context(version=version), asked) as url,
        pytest.raises(APIConnectionError, match="certificate verify failed") as caught,
    ):
        await sent(url, client_context(trusts=THEIRS))

    assert (False, []) == (caught.value.sent, asked)


@versions
async def test_a_server_that_hangs_up_after_the_handshake(version):
    """What breaks after the handshake may have been carried out."""
    asked = []
    with (
        tls_server(server_context(version=version), asked, after=b"") as url,
        pytest.raises(APIConnectionError) as caught,
    ):
        await sent(url, client_context())

    assert (True, 1) == (caught.value.sent, len(asked))


async def test_reads_over_tls():
    """A read without a body is told apart in the same way."""
    asked = []
    with tls_server(server_context(needs_certificate=True), asked) as url, pytest.raises(APIConnectionError) as caught:
        await sent(url, client_context(), get_request)

    assert (False, []) == (caught.value.sent, asked)
