"""Scripts by the command itself: what they print, what they exit with, and what a failure says."""

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fixgw.cli.client import client
from fixgw.client.message import Field, Message
from fixgw.client.script import matches
from tests.client.fake_venue import Answer, FakeVenue, report, takes_all


def run(script: str, *options: str, answer: Answer = takes_all, logon: list[Field] | None = None) -> Result:
    """Run a script from standard input against a venue where orders rest."""
    with FakeVenue(answer, logon=[logon or [(35, "A")]]) as venue:
        arguments = ["--sender", "CLIENT1", "--port", str(venue.port), "--timeout", "0.5", *options]
        return CliRunner().invoke(client, arguments, input=script)


def silent(_: Message) -> list[list[Field]]:
    return []


def known_by_its_cancel(message: Message) -> list[list[Field]]:
    """Answer an OrderStatusRequest with the ClOrdID of the cancel that was accepted, as a venue rightly does."""
    if message.msg_type == "H":
        return [[(35, "8"), (150, "I"), (39, "4"), (11, "of-the-cancel"), (37, "1"), (17, "0")]]
    return takes_all(message)


def test_the_status_of_an_order_may_come_under_its_newest_id() -> None:
    """Without OrdStatusReqID(790) there is nothing else to know the answer by."""
    result = run("buy 1 AAPL 1\ncancel 1\nraw 35=H|11=$1|55=AAPL|54=1\nexpect 150=I 39=4", answer=known_by_its_cancel)

    assert (result.exit_code, result.stderr) == (0, "")


def test_a_story_that_holds() -> None:
    result = run("""
        # a day in short
        buy 100 AAPL 10.05
        expect 35=8 150=0 11=$1 38=100.00
        replace 1 80 10.06
        expect 150=5 11=$1
        sell 10 AAPL mkt ioc
        expect 39=4 11=$2
        expect none 0.05
        cancel 1
        expect 150=4 17=$1.17
        buy 1 BAD 1
        expect 150=8 58="Symbol(55) *"
        wait 0
        orders
        """)

    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("-> A Logon  EncryptMethod(98)=0 HeartBtInt(108)=30 ResetSeqNumFlag(141)=Y")
    assert lines[2].startswith("-> D NewOrderSingle #1  ClOrdID(11)=")
    assert lines[3].startswith("<- 8 ExecutionReport #1  ClOrdID(11)=")
    assert lines[-6].split() == ["N", "ClOrdID", "Side", "Qty", "Symbol", "Price", "Status", "Cum", "Leaves", "Avg"]
    assert lines[-2:] == ["-> 5 Logout", "<- 5 Logout"]


def test_refusal_that_nobody_expected() -> None:
    result = run("buy 1 AAPL 1\nbuy 1 BAD 1\nbuy 2 AAPL 1\n")

    assert result.exit_code == 1
    assert result.stderr.startswith("line 2: buy 1 BAD 1: refused: <- 8 ExecutionReport #2  ClOrdID(11)=")
    assert "Text(58)=Symbol(55) unknown" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_refusal_passed_over_by_an_expect_is_still_one() -> None:
    result = run("buy 1 BAD 1\nbuy 1 AAPL 1\nexpect 150=0\n")

    assert result.exit_code == 1
    assert result.stderr.startswith("line 1: buy 1 BAD 1: refused:")


def test_expect_that_does_not_hold_says_what_came_and_ends_the_script() -> None:
    result = run("buy 1 AAPL 1\nexpect 150=F 39=2\nbuy 2 AAPL 1\n")

    assert result.exit_code == 1
    first, second = result.stderr.splitlines()
    assert first == "line 2: expect 150=F 39=2: not within 0.5 s; came instead:"
    assert second.startswith("  <- 8 ExecutionReport #1  ClOrdID(11)=")
    assert "OrderQty(38)=2" not in result.stdout


def test_expect_none_that_does_not_hold() -> None:
    result = run("buy 1 AAPL 1\nexpect none 0\n")

    assert result.exit_code == 1
    assert result.stderr.startswith("line 2: expect none 0: came:\n  <- 8 ExecutionReport #1")


def test_request_that_is_not_answered() -> None:
    result = run("buy 1 AAPL 1\n", answer=silent)

    assert (result.exit_code, result.stderr) == (1, "line 1: buy 1 AAPL 1: no answer within 0.5 s\n")


def test_hand_made_header_wants_no_answer() -> None:
    assert run("raw 35=D|11=a|10=000\nraw 35=D|11=a|34=1\nraw 35=1|112=x\nexpect 35=0 112=x\n").exit_code == 0


def test_wrong_line_from_standard_input() -> None:
    result = run("buy 1 AAPL 1\nbuy 1 AAPL\n")

    assert result.exit_code == 1
    assert result.stderr.startswith("line 2: buy 1 AAPL: quantity, symbol or price is missing; usage: buy QTY")


def test_wrong_lines_of_a_file_are_told_before_anything_is_sent(tmp_path: Path) -> None:
    file = tmp_path / "day.fixs"
    file.write_text("buy 1 AAPL 1\nbuy 1 AAPL\nhop\n")

    result = run("", "--script", str(file))

    assert result.exit_code == 1
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["line 2", "line 3", "nothing was sent"]
    assert result.stdout == ""


def test_file_that_holds(tmp_path: Path) -> None:
    file = tmp_path / "day.fixs"
    file.write_text("buy 1 AAPL 1\nquit\nbuy 1 BAD 1\n")

    assert run("", "--script", str(file)).exit_code == 0


def test_venue_that_logs_us_out() -> None:
    """Unexpected it is a failure, expected it is not."""

    def closes(_: Message) -> list[list[Field]]:
        return [[(35, "5"), (58, "enough")]]

    result = run("buy 1 AAPL 1\n", answer=closes)
    assert result.exit_code == 1
    assert "line 1: buy 1 AAPL 1: no answer" in result.stderr
    assert "the connection ended: FIXGW logged us out: enough" in result.stderr

    assert run("raw 35=D|11=x|10=000\nexpect 35=5 58=enough\n", answer=silent).exit_code == 1


def test_logout_and_reconnect() -> None:
    result = run("buy 1 AAPL 1\nlogout\nreconnect reset\nbuy 1 AAPL 1\ncancel 2\n")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("-> A Logon") == 2

    after = run("logout\nbuy 1 AAPL 1\n")
    assert (after.exit_code, after.stderr) == (1, "line 2: buy 1 AAPL 1: logged out\n")


def test_no_venue_says_what_to_check() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()

    result = CliRunner().invoke(client, ["--sender", "CLIENT1", "--port", str(port)], input="")

    assert result.exit_code == 1
    assert result.stderr.startswith(f"cannot connect to 127.0.0.1:{port}: Connection refused. Is the venue running")
    assert "fixgw run" in result.stderr


def test_logon_refused_says_what_to_check() -> None:
    result = run("", logon=[(35, "5"), (58, "unknown session")])

    assert result.exit_code == 1
    assert "CLIENT1 is not logged on: FIXGW logged us out: unknown session. Check that it is in" in result.stderr

    too_low = run("", logon=[(35, "5"), (58, "MsgSeqNum too low, expecting 5")])
    assert "--reset" in too_low.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["--sender", "C", "--script", "/nowhere/at-all"], ["--sender", "C", "--port", "x"], ["--sender", "C", "-x"]],
)
def test_usage_errors_exit_2(arguments: list[str]) -> None:
    assert CliRunner(env={"FIXGW_SENDER": None}).invoke(client, arguments).exit_code == 2


def test_store_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "C-FIXGW.seq").write_text("1 x")

    result = CliRunner().invoke(client, ["--sender", "C", "--store", str(tmp_path)], input="")

    assert result.exit_code == 2
    assert "delete it to begin at 1" in result.stderr


def test_sender_from_the_environment_and_json(tmp_path: Path) -> None:
    with FakeVenue() as venue:
        runner = CliRunner(env={"FIXGW_SENDER": "CLIENT2"})
        options = ["--port", str(venue.port), "--json", "--store", str(tmp_path), "--password", "pw", "--script", "-"]
        result = runner.invoke(client, options, input="buy 1 AAPL 1\norders\n")

    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [line.get("type", "order row") for line in lines] == ["A", "A", "D", "8", "order row", "5", "5"]
    assert lines[0]["fields"] | {"52": ""} == {
        "35": "A", "49": "CLIENT2", "56": "FIXGW", "34": "1", "52": "", "98": "0", "108": "30", "554": "***",
    }  # fmt: skip
    assert dict(venue.received[0].fields)[554] == "pw"


def test_help_in_a_script_lists_every_command() -> None:
    assert "expect TAG=VALUE" in run("help\n").stdout


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ({44: "10.05"}, True),
        ({44: "10.0500"}, True),
        ({44: "x"}, False),
        ({11: "01"}, True),
        ({11: "1"}, False),
        ({58: "Price*band"}, True),
        ({58: "Price"}, False),
        ({448: "P2"}, True),
        ({448: "P3"}, False),
        ({99: "1"}, False),
    ],
)
def test_matches(wanted: dict[int, str], holds: bool) -> None:
    """Decimals by value, ids by text, * in text, any of a group."""
    message = Message([(11, "01"), (44, "10.0500"), (58, "Price(44) above band"), (448, "P1"), (448, "P2")])

    assert matches(message, wanted) is holds


def test_status_of_all_is_answered_by_its_id() -> None:
    def states(message: Message) -> list[list[Field]]:
        if message.msg_type != "AF":
            return takes_all(message)
        order = Message([(11, "a"), (55, "AAPL"), (54, "1"), (38, "1")])
        return [report(order, "I", "0", (584, message[584]), (911, "1"), (912, "Y"))]

    assert run("status\nexpect 150=I 912=Y\n", answer=states).exit_code == 0


def test_every_option_is_in_the_document() -> None:
    document = Path(__file__).parents[2].joinpath("docs", "client.md").read_text()

    for option in client.params:
        assert f"`{option.opts[0]}" in document
