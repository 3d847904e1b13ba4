"""The supervisor with toy processes: what dies comes back, later each time, and all stop in order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixgw.supervisor import status
from fixgw.supervisor.child import BACK_OFF_MAX_S, GOOD_LIFE_S, Child, Plan, State
from fixgw.supervisor.status import ProcessStatus

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 30.0

SERVES = "import signal, time; print('ready'); signal.pause()"
NOTES_ITS_END = (
    "import signal, sys, time\n"
    "def end(*_):\n"
    "    open({file!r}, 'a').write({name!r} + '\\n'); sys.exit(0)\n"
    "signal.signal(signal.SIGTERM, end); print('ready'); time.sleep(60)"
)
IS_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); time.sleep(60)"
DIES = "raise SystemExit(5)"


@contextmanager
def toy(data: Path, **processes: str) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "tests.supervisor.toy", str(data)]
    command += [f"{name}={code}" for name, code in processes.items()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(TIMEOUT_S)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < give_up_at, f"not within {TIMEOUT_S:g} s: {what}"
        time.sleep(0.01)


def state_of(data: Path, name: str) -> ProcessStatus:
    def find() -> ProcessStatus | None:
        now = status.read(data)
        return None if now is None else next((each for each in now.processes if each.name == name), None)

    wait_for(lambda: find() is not None, f"{name} in the status")
    found = find()
    assert found is not None
    return found


def wait_for_restart(data: Path, name: str, restarts: int) -> ProcessStatus:
    wait_for(
        lambda: state_of(data, name).restarts >= restarts and state_of(data, name).state == State.RUNNING,
        f"{name} running after restart {restarts}",
    )
    return state_of(data, name)


def wait_until_open(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "open ready\n"


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_is_open_when_the_gateway_serves_and_the_status_says_so(tmp_path: Path) -> None:
    with toy(tmp_path, gateway=SERVES, one=SERVES) as process:
        wait_until_open(process)

        wait_for(lambda: state_of(tmp_path, "one").state == State.RUNNING, "the follower")
        now = status.read(tmp_path)
        assert now is not None
        assert now.pid == process.pid
        assert [each.name for each in now.processes] == ["gateway", "one"]
        assert all(each.restarts == 0 and each.last_exit is None for each in now.processes)
        assert os.getpriority(os.PRIO_PROCESS, state_of(tmp_path, "one").pid or 0) > 0


def test_followers_let_the_gateway_start_alone(tmp_path: Path) -> None:
    file = tmp_path / "serves"
    gateway = f"import signal, time; time.sleep(0.5); open({str(file)!r}, 'w').close(); print('ready'); signal.pause()"
    with toy(tmp_path, gateway=gateway, one=f"open({str(file)!r}).close(); {SERVES}") as process:
        wait_until_open(process)
        wait_for(lambda: state_of(tmp_path, "one").state == State.RUNNING, "the follower")

        assert state_of(tmp_path, "one").restarts == 0


def test_followers_do_not_wait_for_ever(tmp_path: Path) -> None:
    """A gateway that has much to read back is watched meanwhile."""
    file = tmp_path / "follows"
    until = f"import os, time\nwhile not os.path.exists({str(file)!r}): time.sleep(0.01)"
    gateway = f"{until}\nprint('ready'); time.sleep(60)"
    with toy(tmp_path, gateway=gateway, one=f"open({str(file)!r}, 'w').close(); {SERVES}") as process:
        wait_until_open(process)


@pytest.mark.parametrize("victim", ["gateway", "one"])
def test_what_dies_is_started_again(tmp_path: Path, victim: str) -> None:
    with toy(tmp_path, gateway=SERVES, one=SERVES, two=SERVES) as process:
        wait_until_open(process)
        first = wait_for_restart(tmp_path, victim, 0)
        other = wait_for_restart(tmp_path, "two", 0)
        assert first.pid is not None

        os.kill(first.pid, signal.SIGKILL)

        again = wait_for_restart(tmp_path, victim, 1)
        assert again.pid != first.pid
        assert again.last_exit == -signal.SIGKILL
        assert state_of(tmp_path, "two").pid == other.pid


def test_who_cannot_live_is_tried_more_and_more_seldom(tmp_path: Path) -> None:
    with toy(tmp_path, gateway=SERVES, one=DIES) as process:
        wait_until_open(process)
        wait_for(lambda: state_of(tmp_path, "one").restarts >= 3, "three restarts")

        assert state_of(tmp_path, "one").last_exit == 5
        process.terminate()
        _, said = process.communicate(timeout=TIMEOUT_S)
    assert "one ended with status 5; it starts again in 0.1 s" in said
    assert "one ended with status 5; it starts again in 0.4 s" in said


def test_the_back_off_doubles_to_its_bound_and_a_good_life_forgets_it() -> None:
    now = 0.0
    child = Child(Plan("one", (sys.executable, "-c", DIES)), lambda: now)

    def live(seconds: float) -> float:
        nonlocal now
        child.start()
        assert child.process is not None
        child.process.wait(TIMEOUT_S)
        now += seconds
        assert child.bury() == 5
        return child.back_off()

    assert [live(0) for _ in range(9)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, BACK_OFF_MAX_S, BACK_OFF_MAX_S]
    assert live(GOOD_LIFE_S + 1) == 0.1


def test_who_is_watched_depends_on_who_watches(tmp_path: Path) -> None:
    """What a supervisor that was killed wrote last is no longer so."""
    assert status.watched(tmp_path) is None
    with toy(tmp_path, gateway=SERVES, one=SERVES) as process:
        wait_for(lambda: state_of(tmp_path, "one").state == State.RUNNING, "one to run")

        watched = status.watched(tmp_path)

        assert watched is not None
        assert [each.name for each in watched] == ["gateway", "one"]
        children = [each.pid for each in watched if each.pid is not None]
        process.kill()
        process.wait(TIMEOUT_S)

    assert status.read(tmp_path) is not None
    assert status.watched(tmp_path) is None
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def test_a_gateway_that_cannot_start_ends_all_with_its_status(tmp_path: Path) -> None:
    refuses = 'print(\'{"error": ["no"]}\'); raise SystemExit(7)'
    with toy(tmp_path, gateway=refuses, one=SERVES) as process:
        said, _ = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 7
    assert said == 'open {"error": ["no"]}\n'
    assert state_of(tmp_path, "one").state == State.STOPPED


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_all_stop_in_order(tmp_path: Path, number: signal.Signals) -> None:
    ended = tmp_path / "ended"
    codes = {name: NOTES_ITS_END.format(file=str(ended), name=name) for name in ("redis", "gateway", "one")}
    with toy(tmp_path, **codes) as process:
        wait_until_open(process)
        for name in codes:
            wait_for_restart(tmp_path, name, 0)
        process.send_signal(number)
        process.send_signal(number)
        process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 0
    assert ended.read_text().split() == ["gateway", "one", "redis"]
    assert state_of(tmp_path, "gateway").state == State.STOPPED


def test_who_does_not_stop_is_killed(tmp_path: Path) -> None:
    with toy(tmp_path, gateway=SERVES, one=IS_DEAF) as process:
        wait_until_open(process)
        deaf = wait_for_restart(tmp_path, "one", 0)
        process.terminate()
        _, said = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 0
    assert "one did not stop within" in said
    assert not is_alive(deaf.pid or 0)


def test_a_second_supervisor_is_refused(tmp_path: Path) -> None:
    with toy(tmp_path, gateway=SERVES) as first:
        wait_until_open(first)
        with toy(tmp_path, gateway=SERVES) as second:
            said, _ = second.communicate(timeout=TIMEOUT_S)

        assert second.returncode == 3
        assert said.startswith(f"{tmp_path} is in use by process {first.pid}: a venue is running")
