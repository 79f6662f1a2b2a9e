"""Names never meet: neither two children of one Registry nor children of two Registries, of the same kind."""

import re

from registry_operator.desired.names import Names

LONGEST = "a" * 52
SECRETS = ("admin", "htpasswd", "internal", "selfsigned", "certificate_secret", "ca_secret")
KINDS = {
    "Secret": SECRETS,
    "Certificate": ("certificate", "ca_certificate"),
    "Issuer": ("bootstrap_issuer", "ca_issuer"),
}


def test_children_of_one_kind_have_names_of_their_own() -> None:
    for attributes in KINDS.values():
        names = [getattr(Names("images"), attribute) for attribute in attributes]
        assert len(set(names)) == len(names)


def test_the_longest_name_still_makes_valid_names() -> None:
    names = Names(LONGEST)
    plain = [attribute for attribute in dir(Names) if isinstance(getattr(Names, attribute), property)]
    found = [getattr(names, attribute) for attribute in plain] + [
        each("0" * 10) for each in (names.config, names.tls, names.storage)
    ]
    assert len(found) > 12
    for name in found:
        assert re.fullmatch(r"[a-z]([-a-z0-9]{0,251}[a-z0-9])?", name), name
    for attribute in ("service", "deployment"):
        assert len(getattr(names, attribute)) <= 63
