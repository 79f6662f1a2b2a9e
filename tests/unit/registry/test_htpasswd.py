"""The password file: a pure function of its inputs, and nothing in it that the registry could stumble over."""

import bcrypt
import pytest

from registry_operator.registry import htpasswd
from registry_operator.registry.htpasswd import BadHtpasswd

KEY = b"key of one Registry"
HASH = "$2y$05$" + "a" * 53


def test_a_line_is_a_valid_bcrypt_hash_of_the_password() -> None:
    user, _, hashed = htpasswd.line("admin", "s3cret", KEY).partition(":")
    assert user == "admin"
    assert hashed.startswith("$2b$04$")
    assert bcrypt.checkpw(b"s3cret", hashed.encode())
    assert not bcrypt.checkpw(b"other", hashed.encode())


def test_the_salt_is_exactly_the_keyed_hash() -> None:
    """bcrypt drops bits of a badly encoded salt silently; then two operators could still agree on a weaker one."""
    first = htpasswd.line("a", "p", KEY)
    assert bcrypt.hashpw(b"p", first.partition(":")[2][:29].encode()).decode() == first.partition(":")[2]


def test_a_line_depends_on_all_that_it_is_made_of_and_on_nothing_else() -> None:
    lines = {
        htpasswd.line("admin", "password", KEY),
        htpasswd.line("admin", "password", b"key of another Registry"),
        htpasswd.line("admin", "other", KEY),
        htpasswd.line("bdmin", "password", KEY),
        htpasswd.line("admin", "password", KEY, cost=6),
    }
    assert len({line[-53:] for line in lines}) == 5
    assert htpasswd.line("admin", "password", KEY) in lines


def test_user_and_password_cannot_be_shifted_against_each_other() -> None:
    assert htpasswd.line("ab", "c", KEY)[-53:-31] != htpasswd.line("a", "bc", KEY)[-53:-31]


def test_a_password_is_hashed_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bytes] = []
    real = bcrypt.hashpw

    def counting(password: bytes, salt: bytes) -> bytes:
        calls.append(salt)
        return real(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counting)
    assert htpasswd.line("once", "only", KEY) == htpasswd.line("once", "only", KEY)
    assert len(calls) == 1


def test_the_memory_of_hashes_is_bounded() -> None:
    memory = htpasswd._Memory(2)
    salts = [bcrypt.gensalt(4).decode() for _ in range(3)]
    for salt in salts:
        memory.hashed("admin", "password", salt)
    assert list(memory._hashes) == [("admin", salt) for salt in salts[1:]]


def test_a_password_longer_than_bcrypt_reads_is_refused() -> None:
    with pytest.raises(ValueError, match="72 bytes"):
        htpasswd.line("admin", "x" * 73, KEY)


def test_a_file_is_sorted_and_does_not_depend_on_the_order_of_its_accounts() -> None:
    lines = [htpasswd.line(user, "p", KEY, cost=4) for user in ("zoe", "adam", "q")]
    file = htpasswd.compose(lines, probe_password="probe", key=KEY)
    assert file == htpasswd.compose(reversed(lines), probe_password="probe", key=KEY)
    assert file.text.splitlines() == sorted(file.text.splitlines())
    assert file.text.endswith("\n")
    operators = {file.probe_user, htpasswd.standing_user(KEY)}
    assert {line.partition(":")[0] for line in file.text.splitlines()} == {"adam", "zoe", "q"} | operators


def test_the_probes_account_is_named_after_all_other_accounts() -> None:
    """So that its login proves that this very list of users is live."""
    one = htpasswd.compose([f"a:{HASH}"], probe_password="probe", key=KEY)
    two = htpasswd.compose([f"a:{HASH}", f"b:{HASH}"], probe_password="probe", key=KEY)
    assert one.probe_user != two.probe_user
    others = "".join(f"{line}\n" for line in one.text.splitlines() if not line.startswith(one.probe_user))
    assert one.probe_user == htpasswd.probe_user(others, KEY)
    assert one.probe_user != htpasswd.probe_user(others, b"key of another Registry")


def test_one_account_of_the_operators_stays_while_users_come_and_go() -> None:
    """What tells a registry whose newest file is on its way from one that does not serve."""
    files = [htpasswd.compose(lines, probe_password="probe", key=KEY).text for lines in ([], [f"a:{HASH}"])]
    (line,) = set(files[0].splitlines()) & set(files[1].splitlines())
    user, _, hashed = line.partition(":")
    assert user == htpasswd.standing_user(KEY)
    assert htpasswd.is_probe_user(user)
    assert bcrypt.checkpw(b"probe", hashed.encode())


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A process that has just begun; the salts that it hashes with."""
    salts: list[str] = []
    original = bcrypt.hashpw

    def hashpw(password: bytes, salt: bytes) -> bytes:
        salts.append(salt.decode())
        return original(password, salt)

    monkeypatch.setattr(htpasswd, "_memory", htpasswd._Memory(100))
    monkeypatch.setattr(bcrypt, "hashpw", hashpw)
    return salts


def composed() -> htpasswd.File:
    return htpasswd.compose([htpasswd.line("admin", "s3cret", KEY)], probe_password="probe", key=KEY)


USERS = ("admin", htpasswd.standing_user(KEY))


def test_a_restart_hashes_nothing(hashing: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    file = composed()
    assert len(hashing) == 2
    monkeypatch.setattr(htpasswd, "_memory", htpasswd._Memory(100))
    htpasswd.recall(file.text, USERS, KEY)
    assert composed() == file
    assert len(hashing) == 2
    assert htpasswd.line("admin", "another", KEY) not in file.text
    assert len(hashing) == 3, "only what the file had is known"


@pytest.mark.parametrize("victim", ["admin", "standing", "newest"])
def test_what_somebody_spoilt_is_not_believed(hashing: list[str], monkeypatch: pytest.MonkeyPatch, victim: str) -> None:
    """A hash of his own behind the right salt would let him in."""
    file = composed()
    name = {"admin": "admin", "standing": USERS[1], "newest": file.probe_user}[victim]
    lines = [
        line[:-31] + bcrypt.hashpw(b"mine", line.partition(":")[2].encode()).decode()[-31:]
        if line.startswith(name)
        else line
        for line in file.text.splitlines()
    ]
    monkeypatch.setattr(htpasswd, "_memory", htpasswd._Memory(100))
    htpasswd.recall("".join(f"{line}\n" for line in lines), USERS, KEY)
    assert composed() == file


def test_a_file_is_never_empty() -> None:
    """An empty one lets nobody in, not even the operator."""
    file = htpasswd.compose([], probe_password="probe", key=KEY)
    assert f"{file.probe_user}:$2b$04$" in file.text


def test_comments_blanks_and_windows_lines_are_taken() -> None:
    text = f"\ufeff# team\r\n\r\n  alice:{HASH}\r\nbob:{HASH.replace('$2y$05', '$2b$09')}\n"
    accounts = htpasswd.validate(text)
    assert [(account.user, account.line_number, account.cost, account.costly) for account in accounts] == [
        ("alice", 3, 5, False),
        ("bob", 4, 9, True),
    ]
    assert accounts[0].line == f"alice:{HASH}"


def test_an_empty_file_has_no_accounts() -> None:
    assert htpasswd.validate("") == []
    assert htpasswd.validate(b"\n") == []


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("nocolonhere", "has no colon"),
        (f":{HASH}", "no usable user name"),
        (f"al\u200bice:{HASH}", "no usable user name"),
        (f"a\tb:{HASH}", "no usable user name"),
        (f"{'x' * 256}:{HASH}", "no usable user name"),
        ("alice:plaintext", "no bcrypt hash"),
        ("alice:$apr1$abc$def", "no bcrypt hash"),
        ("alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "no bcrypt hash"),
        (f"alice:{HASH}x", "no bcrypt hash"),
        (f"alice:{HASH[:-1]}", "no bcrypt hash"),
        (f"alice:{HASH}:comment", "no bcrypt hash"),
        (f"alice:{HASH.replace('$2y', '$2x')}", "no bcrypt hash"),
        (f"alice:{HASH.replace('$05$', '$13$')}", "cost of 13: use 4 to 12"),
        (f"alice:{HASH.replace('$05$', '$03$')}", "cost of 3: use 4 to 12"),
        (f"admin:{HASH}", "keeps for itself"),
        (f"operator-0123456789:{HASH}", "keeps for itself"),
        (f"first:{HASH}", "repeats the user of line 1"),
    ],
)
def test_a_bad_line_is_named_by_its_number_and_never_quoted(bad: str, message: str) -> None:
    with pytest.raises(BadHtpasswd, match=message) as caught:
        htpasswd.validate(f"first:{HASH}\n\n{bad}\n", reserved={"admin"})
    assert caught.value.line_number == 3
    assert str(caught.value).startswith("line 3 ")
    for secret in (bad, bad.partition(":")[2] or bad, HASH[10:]):
        assert secret not in str(caught.value)


def test_the_administrators_name_is_free_without_an_administrator() -> None:
    assert [account.user for account in htpasswd.validate(f"admin:{HASH}")] == ["admin"]


def test_bytes_that_are_no_text_are_refused_by_line() -> None:
    with pytest.raises(BadHtpasswd, match="line 2 is not UTF-8"):
        htpasswd.validate(b"# ok\n\xff\xfe\n")
