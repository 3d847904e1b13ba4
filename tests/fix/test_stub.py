"""Our stub of quickfix says nothing that the installed quickfix does not have."""

import ast
from pathlib import Path

import pytest
import quickfix as fix

from fixgw.spec.dictionary import PATH

STUB = ast.parse((Path(__file__).resolve().parents[2] / "stubs" / "quickfix.pyi").read_text(encoding="utf-8"))
CLASSES = [
    node
    for node in STUB.body
    if isinstance(node, ast.ClassDef)
    and not node.name.startswith("_")
    and (hasattr(fix, "SSLSocketAcceptor") or not node.name.startswith("SSL"))
]
METHODS = [
    (class_node.name, node.name)
    for class_node in CLASSES
    for node in class_node.body
    if isinstance(node, ast.FunctionDef)
]


@pytest.mark.parametrize("class_node", CLASSES, ids=lambda node: node.name)
def test_class_exists_and_has_the_bases_the_stub_says(class_node: ast.ClassDef) -> None:
    real = getattr(fix, class_node.name)
    stub_bases = [base.id for base in class_node.bases if isinstance(base, ast.Name)]
    for base in stub_bases:
        assert issubclass(real, getattr(fix, base, fix.FIXException)), (class_node.name, base)


@pytest.mark.parametrize(("class_name", "method"), sorted(set(METHODS)))
def test_method_exists(class_name: str, method: str) -> None:
    assert callable(getattr(getattr(fix, class_name), method))


def test_exceptions_are_built_as_the_stub_says() -> None:
    assert (fix.IncorrectTagValue(54).field, str(fix.IncorrectTagValue(54))) == (
        54,
        "Value is incorrect (out of range) for this tag: 54",
    )
    assert str(fix.FieldNotFound(44, "Price(44)")) == "Field not found: 44: Price(44)"
    assert str(fix.RejectLogon("Password(554) wrong")) == "Rejected Logon Attempt: Password(554) wrong"
    assert not issubclass(fix.RuntimeError, RuntimeError)


def test_settings_can_be_made_without_a_file() -> None:
    defaults, section = fix.Dictionary(), fix.Dictionary()
    defaults.setString("ConnectionType", "acceptor")
    defaults.setInt("HeartBtInt", 30)
    section.setInt("HeartBtInt", 5)
    session_id = fix.SessionID("FIX.4.4", "FIXGW", "CLIENT1")
    settings = fix.SessionSettings()
    settings.set(defaults)
    settings.set(session_id, section)

    [listed] = settings.getSessions()
    merged = settings.get(session_id)
    assert listed.toString() == "FIX.4.4:FIXGW->CLIENT1"
    assert (merged.getString("connectiontype"), merged.getInt("HeartBtInt")) == ("acceptor", 5)
    with pytest.raises(fix.ConfigError, match="Duplicate Session"):
        settings.set(session_id, section)


def test_a_repeating_group_survives_only_with_a_dictionary_that_knows_it() -> None:
    """Why an outgoing message with a group must not be made from its text alone."""
    group = "453=2\x01448=ALPHA\x01447=D\x01448=BETA\x01447=D\x01"
    text = f"8=FIX.4.4\x019=0\x0135=8\x01{group}10=000\x01"

    assert group not in fix.Message(text, False).toString()
    assert group in fix.Message(text, fix.DataDictionary(str(PATH)), False).toString()


def test_session_ids_of_one_session_are_not_equal() -> None:
    one, other = (fix.SessionID("FIX.4.4", "FIXGW", "CLIENT1") for _ in range(2))
    assert one != other
    assert one.toString() == other.toString()
