"""Keys are tried on a real S3 server that checks signatures, and each answer is told as what it is."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from registry_operator.registry import s3 as asking
from registry_operator.registry.http import Response
from registry_operator.registry.s3 import Access, Question
from tests import s3
from tests.distribution import LOOPBACK
from tests.ports import free_port
from tests.s3 import BUCKET, Keys, S3Server
from tests.unit.registry.serving import CA, write_files


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    folder = tmp_path_factory.mktemp("s3")
    write_files(folder)
    with s3.running(folder, LOOPBACK, free_port(), pair=folder, ca=CA.crt) as server:
        yield server


@pytest.fixture(scope="module")
def keys(server: S3Server) -> Keys:
    return server.make_user("operator")


@pytest.fixture
def question(server: S3Server, keys: Keys) -> Question:
    """A question whose answer is that the bucket is open."""
    return Question(
        bucket=BUCKET,
        endpoint=server.url,
        region=None,
        path_style=True,
        root="registries/team-a",
        key_id=keys.id,
        secret=keys.secret,
        ca_pem=CA.crt,
    )


async def test_good_keys_open_the_bucket(question: Question) -> None:
    assert (await asking.look(question)).access is Access.OPEN
    assert (await asking.look(replace(question, root=None, region="eu-central-1"))).access is Access.OPEN


async def test_wrong_keys_are_told_from_a_denial_and_from_a_missing_bucket(
    question: Question, server: S3Server
) -> None:
    wrong = await asking.look(replace(question, secret="x"))
    assert (wrong.access, wrong.detail) == (Access.REFUSED, "403 SignatureDoesNotMatch")
    unknown = await asking.look(replace(question, key_id="AKIAUNKNOWN"))
    assert (unknown.access, unknown.detail) == (Access.REFUSED, "403 InvalidAccessKeyId")
    other = server.make_user("reader", allow="s3:GetObject")
    assert (await asking.look(replace(question, key_id=other.id, secret=other.secret))).access is Access.DENIED
    assert (await asking.look(replace(question, bucket="nowhere"))).access is Access.MISSING


async def test_keys_go_to_no_server_that_cannot_be_trusted(question: Question) -> None:
    assert (await asking.look(replace(question, ca_pem=None))).access is Access.UNTRUSTED


async def test_a_server_that_is_not_there_is_not_asked(question: Question) -> None:
    gone = await asking.look(replace(question, endpoint=f"http://{LOOPBACK}:{free_port()}"))
    assert gone.access is Access.UNTRIED
    nameless = await asking.look(replace(question, endpoint="http://minio.storage.invalid"))
    assert (nameless.access, nameless.detail) == (Access.UNTRIED, "its name cannot be resolved")
    with socket.create_server((LOOPBACK, 0)) as silent:
        endpoint = f"http://{LOOPBACK}:{silent.getsockname()[1]}"
        answer = await asking.look(replace(question, endpoint=endpoint), seconds=0.2)
    assert answer.access is Access.UNTRIED


ANSWERS: dict[str, tuple[Response, Access, str]] = {
    "another region": (
        Response(400, b"<Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region>"),
        Access.ELSEWHERE,
        "400 AuthorizationHeaderMalformed: eu-west-1",
    ),
    "a redirect": (Response(301, b"<Code>PermanentRedirect</Code>"), Access.ELSEWHERE, "301 PermanentRedirect"),
    "a denial in no form": (Response(403, b"<html>go away</html>"), Access.DENIED, "403"),
    "a page": (Response(404, b"<html>not here</html>"), Access.MISSING, "404"),
    "a failure": (Response(503, b"<Code>SlowDown</Code>"), Access.FAILING, "503 SlowDown"),
    "clocks": (Response(403, b"<Code>RequestTimeTooSkewed</Code>"), Access.UNTRIED, "the clocks"),
    "no code but a text": (Response(500, b"<Code>any text; of whoever answers</Code>"), Access.FAILING, "500"),
}


@pytest.mark.parametrize(("response", "access", "detail"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_told_in_our_own_words(response: Response, access: Access, detail: str) -> None:
    found = asking._judged(response)
    assert found.access is access
    assert found.detail.startswith(detail)
    assert "any text" not in found.detail


def test_where_amazon_and_others_are_asked(question: Question) -> None:
    amazon = replace(question, endpoint=None, region="eu-central-1", path_style=False)
    scheme, target, path = asking._address(amazon)
    assert (scheme, target.host, target.port, path) == ("https", "s3.eu-central-1.amazonaws.com", 443, f"/{BUCKET}")
    assert asking._address(replace(amazon, region="cn-north-1"))[1].host == "s3.cn-north-1.amazonaws.com.cn"
    own = replace(question, endpoint="http://minio:9000", path_style=False)
    assert (asking._address(own)[1].authority, asking._address(own)[2]) == (f"{BUCKET}.minio:9000", "/")


def test_the_signature_is_that_of_the_documentation() -> None:
    """The example that AWS gives for listing a bucket ("GET Bucket (List Objects)" of its Signature Version 4)."""
    question = Question(
        bucket="examplebucket",
        endpoint=None,
        region="us-east-1",
        path_style=False,
        root=None,
        key_id="AKIAIOSFODNN7EXAMPLE",
        secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
    host, now = "examplebucket.s3.amazonaws.com", datetime(2013, 5, 24, tzinfo=UTC)
    headers = asking.signed(question, host, "/", "max-keys=2&prefix=J", now)
    assert headers["Authorization"].endswith(
        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    )
