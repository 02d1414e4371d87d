"""Clients as the writing tests have them, in real time: the server of the tests here runs in a thread."""

from tests.writing.conftest import client, make_client  # noqa: F401  # fixtures are shared by being imported
