"""Both directions of who refers to what."""

from registry_operator.engine.references import References


def test_both_directions_follow_every_change() -> None:
    refs: References[str, str] = References()
    refs.set("images", ["users", "tls"])
    refs.set("mirror", ["users"])
    assert refs.keys_for("users") == {"images", "mirror"}
    assert refs.keys_for("tls") == {"images"}
    assert refs.set("images", ["tls", "proxy"]) == frozenset(), "somebody else names users"
    assert refs.keys_for("users") == {"mirror"}
    assert refs.keys_for("tls") == refs.keys_for("proxy") == {"images"}
    assert refs.set("mirror", ()) == {"users"}
    assert refs.keys_for("users") == frozenset()


def test_nothing_is_kept_of_what_is_gone() -> None:
    refs: References[str, str] = References()
    refs.set("images", ["users"])
    refs.set("images", ())
    refs.set("never known", ())
    assert vars(refs) == vars(References())


def test_the_answer_may_be_kept_while_references_change() -> None:
    refs: References[str, str] = References()
    refs.set("images", ["users"])
    for key in refs.keys_for("users"):
        refs.set(key, ())
    assert not refs.keys_for("users")
