"""Ctrl-C, SIGTERM and SIGHUP at any moment of any command: one line, the right status, no half-written file."""

import os
import signal
import subprocess
import sys
import time

import pytest

from npvae.cli import main

STATUS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
AS_MODULE = [sys.executable, "-m", "npvae"]
# what pip writes for the entry point
AS_SCRIPT = "import re\nimport sys\nfrom npvae.cli import main\nsys.exit(main())\n"


def started(command, **kwargs):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)


@pytest.mark.parametrize("module", ["npvae", "npvae.cli", "npvae.__main__"])
def test_the_command_runs_as_a_module_with_its_exit_status(module):
    for args, status, says in ([["--version-of-nothing"], 2, "npvae: "], [["--help"], 0, "COMMAND"],
                               [["compare", "--data", "mnits"], 2, "two_moons"]):
        found = subprocess.run([sys.executable, "-m", module, *args], capture_output=True, text=True, timeout=60)
        assert found.returncode == status and says in found.stdout + found.stderr, found.stderr


@pytest.mark.parametrize("name", STATUS)
@pytest.mark.parametrize("how", ["-m npvae", "-m npvae.cli", "script"])
def test_a_signal_while_the_package_is_read_is_one_line(how, name, tmp_path):
    (tmp_path / "npvae").write_text(AS_SCRIPT)
    command = [sys.executable, str(tmp_path / "npvae")] if how == "script" else [sys.executable, *how.split()]
    # the signal comes when NumPy is being read: a finder that is asked first for every module sends it
    (tmp_path / "sitecustomize.py").write_text(f"""if True:
        import os, signal, sys
        class Finder:
            def find_spec(self, name, path, target=None):
                if name == "numpy.linalg":
                    os.kill(os.getpid(), signal.{name})
        sys.meta_path.insert(0, Finder())""")
    found = subprocess.run([*command, "verify"], capture_output=True, text=True, timeout=60, env={
        **os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])})
    says = "interrupted" if name == "SIGINT" else f"stopped by {name}"
    assert (found.returncode, found.stdout, found.stderr) == (STATUS[name], "", f"npvae: {says}\n")


def test_a_program_that_imports_npvae_keeps_its_own_handlers():
    code = "import signal; before = signal.getsignal(2), signal.getsignal(15); import npvae, npvae.cli\n" \
           "assert (signal.getsignal(2), signal.getsignal(15)) == before"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


@pytest.mark.parametrize("name", STATUS)
def test_a_signal_ends_another_command_with_one_line_and_no_file(name, tmp_path):
    process = started([*AS_MODULE, "compare", "--time-budget", "60", "--out", str(tmp_path)],
                      env=os.environ | {"PYTHONUNBUFFERED": "1"})
    # the data have been read, and training is next
    assert process.stdout.readline().startswith("digits")
    time.sleep(1)
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=30)
    says = "interrupted" if name == "SIGINT" else f"stopped by {name}"
    assert (process.returncode, err) == (STATUS[name], f"npvae compare: {says}\n") and "solver" not in out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", STATUS)
def test_a_signal_while_a_picture_is_written_leaves_no_part_of_it(name, tmp_path, monkeypatch, capsys):
    model = str(tmp_path / "m.npz")
    assert main(["train", "--out", model, "--sweeps", "1", "--hidden", "4"]) == 0
    capsys.readouterr()

    def stopped(self, file, **kwargs):
        file.write(b"half")
        os.kill(os.getpid(), getattr(signal, name))

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", stopped)
    assert main(["sample", model, "--out", str(tmp_path / "s.png"), "--json", str(tmp_path / "s.json")]) == STATUS[name]
    assert capsys.readouterr().err.startswith("npvae sample: ")
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]


def test_after_a_command_the_handlers_are_what_they_were(capsys):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert main(["compare", "--data", "mnits"]) == 2
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_nohup_is_respected(tmp_path):
    process = started(["nohup", *AS_MODULE, "train", "--out", str(tmp_path / "m.npz"), "--sweeps", "3000", "--hidden",
                       "4", "--time-budget", "5"])
    time.sleep(2.5)
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "written to" in out


def test_a_terminal_that_hangs_up_loses_nothing(tmp_path):
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen([*AS_MODULE, "train", "--out", str(tmp_path / "m.npz"), "--sweeps", "100000"],
                               stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    time.sleep(3)
    # the progress bar's next line fails, before or after the signal comes
    os.close(master)
    time.sleep(0.2)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=30) == 129
    from npvae.autoencoders import load

    assert load(tmp_path / "m.npz").history_


@pytest.mark.parametrize("name", STATUS)
def test_a_signal_while_python_closes_down_changes_no_status(name, tmp_path):
    # at the exit of a command that has done its work
    (tmp_path / "sitecustomize.py").write_text(
        f"import atexit, os, signal\natexit.register(lambda: os.kill(os.getpid(), signal.{name}))\n")
    found = subprocess.run([*AS_MODULE, "--help"], capture_output=True, text=True, timeout=60, env={
        **os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])})
    # argparse leaves by SystemExit, which passes through main
    assert (found.returncode, found.stderr) == (0, "") and "COMMAND" in found.stdout
