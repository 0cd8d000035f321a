"""The notebooks' sliders in headless Chromium, in a real JupyterLab and in pages without a kernel: the figure follows.

`python tests/notebooks/test_sliders.py FOLDER` writes pictures of every live figure at both ends of each slider.
"""

import contextlib
import importlib.util
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

NOTEBOOKS = pathlib.Path(__file__).parents[2] / "notebooks"
LIVE = 'class="npvae-live"'
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")
NEEDED = {name: importlib.util.find_spec(name) for name in ("selenium", "jupyterlab", "ipywidgets", "ipykernel")}
MISSING = [name for name, found in {**NEEDED, "chromium": CHROMIUM, "chromedriver": CHROMEDRIVER}.items() if not found]

PATIENCE = 180                      # seconds for one thing to happen; a quiet machine needs a few
TOKEN = secrets.token_hex(16)
HANDLE = ".jp-Cell-outputArea .noUi-handle"
CHROMIUM_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
                    "--disable-sync", "--window-size=1400,1000")
# No news and no list of extensions: neither the server nor the page asks anyone outside this computer.
OFF = {"@jupyterlab/apputils-extension:announcements": True, "@jupyterlab/extensionmanager-extension": True}
SERVER = ("--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0",
          "--LabApp.extension_manager=readonly", "--ServerApp.terminals_enabled=False",
          "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate")
# All pictures of one cell's output as they look, whatever element or address they have; [] while one is loading.
PIXELS = """
const pictures = [...arguments[0].querySelectorAll('.jp-Cell-outputArea :is(img, canvas)')];
if (pictures.some(p => p.tagName == 'IMG' && !(p.complete && p.naturalWidth))) return [];
return pictures.map(picture => {
    const canvas = document.createElement('canvas');
    canvas.width = picture.naturalWidth || picture.width;
    canvas.height = picture.naturalHeight || picture.height;
    canvas.getContext('2d').drawImage(picture, 0, 0);
    return canvas.toDataURL();
});
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"moving sliders in a browser needs {', '.join(MISSING)}"),
    # selenium and urllib3 leave closing a socket to the garbage collector now and then
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:selenium"),
]


def wait(condition, what):
    """The first true value of condition(), asked again and again; elements may be replaced meanwhile."""
    from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException

    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(NoSuchElementException, StaleElementReferenceException):
            if value := condition():
                return value
        time.sleep(0.1)
    raise AssertionError(f"waited {PATIENCE} s in vain for {what}")


def without_outputs(notebook):
    """The notebook as before its first run: a picture or a slider that is seen later then has a kernel behind it."""
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return notebook


def live_cells(name):
    """How many cells the committed notebook has, and the positions of those that show a live figure."""
    cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    shown = [any(LIVE in "".join(output.get("data", {}).get("text/html", "")) for output in cell.get("outputs", []))
             for cell in cells]
    return len(cells), [position for position, live in enumerate(shown) if live]


def server_environment(folder):
    """The environment with all of Jupyter's own folders inside `folder`, and the settings that keep it offline."""
    places = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_DATA_DIR": "data",
              "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython"}
    (folder / "config" / "labconfig").mkdir(parents=True)
    (folder / "config" / "labconfig" / "page_config.json").write_text(json.dumps({"disabledExtensions": OFF}))
    return {**os.environ, **{key: str(folder / place) for key, place in places.items()}, "JUPYTER_TOKEN": TOKEN}


def address(server, runtime):
    """Where the server listens, from the file that it writes; None as long as there is no whole file."""
    assert server.poll() is None, "JupyterLab ended at once; see server.log"
    with contextlib.suppress(ValueError):
        return next((json.loads(path.read_text())["url"] for path in runtime.glob("jpserver-*.json")), None)


def end_group(process):
    """Kill what is left of the process, if it was started at all, and of what it started in its group."""
    if process is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def tidy():
    """Being asked to end is as good as Ctrl-C here: the fixtures' clean-up still runs."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def lab(tidy, tmp_path_factory):
    """The address of a JupyterLab of its own on a copy of the notebooks; its kernels end with it."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(NOTEBOOKS, folder / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for path in (folder / "notebooks").glob("*.ipynb"):
        path.write_text(json.dumps(without_outputs(json.loads(path.read_text(encoding="utf-8")))))
    command = [sys.executable, "-m", "jupyterlab", *SERVER, f"--ServerApp.root_dir={folder / 'notebooks'}"]
    with open(folder / "server.log", "wb") as log:
        server = subprocess.Popen(command, env=server_environment(folder), stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log, start_new_session=True)
    try:
        yield wait(lambda: address(server, folder / "runtime"), "JupyterLab to start")
        server.terminate()                                      # asks the kernels to end, and waits for them
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(30)
    finally:
        end_group(server)


@pytest.fixture
def browser(tmp_path):
    """A headless Chromium without a past; at the end a screenshot of what it showed last stays in tmp_path."""
    with browsing(tmp_path / "profile") as driver:
        yield driver
        driver.save_screenshot(str(tmp_path / "last.png"))


@contextlib.contextmanager
def browsing(profile):
    """A headless Chromium that keeps what it has to keep in the folder `profile`, and ends with all that it started."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in (*CHROMIUM_OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    service = webdriver.ChromeService(CHROMEDRIVER, popen_kw={"start_new_session": True})
    try:
        with webdriver.Chrome(options, service) as driver:
            driver.set_page_load_timeout(PATIENCE)
            driver.set_script_timeout(PATIENCE)
            yield driver
    finally:
        end_group(getattr(service, "process", None))


def cells_of(browser):
    """The cells that are on the page at the moment."""
    return browser.find_elements("css selector", ".jp-Notebook .jp-Cell")


def open_notebook(browser, lab, name, total):
    """Load the notebook's page; wait for its kernel and for all of its cells."""
    browser.get(f"{lab}lab/tree/{name}.ipynb?reset&token={TOKEN}")
    idle = ".jp-Notebook-ExecutionIndicator[data-status='idle']"
    wait(lambda: browser.find_elements("css selector", idle), f"the kernel of {name}")
    wait(lambda: len(cells_of(browser)) == total, f"the {total} cells of {name}")


def step_through(browser, count):
    """Run the first cells as a reader does, with Shift+Enter."""
    from selenium.webdriver import ActionChains, Keys

    wait(lambda: cells_of(browser)[0].click() or True, "the first cell")
    keys = ActionChains(browser, duration=0).send_keys(Keys.ESCAPE).key_down(Keys.SHIFT)
    keys.send_keys(Keys.ENTER * count).key_up(Keys.SHIFT).perform()


def move(handle, steps):
    """Press an arrow key |steps| times on the slider: right if positive, left if negative."""
    from selenium.webdriver import Keys

    handle.send_keys((Keys.ARROW_RIGHT if steps > 0 else Keys.ARROW_LEFT) * abs(steps))


def figure_follows(browser, cell, handle):
    """The slider goes three steps away and three back: the figure differs in between, and is the same at the end."""
    before = wait(lambda: browser.execute_script(PIXELS, cell), "a figure beside the slider")
    value, top = (float(handle.get_attribute(name)) for name in ("aria-valuenow", "aria-valuemax"))
    steps = 3 if value < top else -3
    move(handle, steps)
    wait(lambda: float(handle.get_attribute("aria-valuenow")) != value, "the slider to move")
    wait(lambda: browser.execute_script(PIXELS, cell) not in ([], before), "the figure to change")
    move(handle, -steps)
    wait(lambda: browser.execute_script(PIXELS, cell) == before, "the figure to come back")


FOUND = [path.stem for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")) if live_cells(path.stem)[1]]


@pytest.mark.parametrize("name", FOUND)
def test_sliders_change_the_figure(name, lab, browser):
    """Every slider of the notebook, with a kernel that draws anew."""
    total, positions = live_cells(name)
    open_notebook(browser, lab, name, total)
    step_through(browser, positions[-1] + 1)
    for position in positions:
        cell = cells_of(browser)[position]
        for handle in handles(cell):
            figure_follows(browser, cell, handle)


def handles(cell):
    """The widgets' sliders of a cell, once they are there."""
    wait(lambda: cell.find_elements("css selector", HANDLE), "a slider")
    return cell.find_elements("css selector", HANDLE)


def test_two_sliders_moved_at_once_leave_a_whole_figure(lab, browser):
    """The second slider moves while the figure for the first is still being drawn."""
    from selenium.webdriver import Keys

    name, position = next((name, position) for name in FOUND for position in live_cells(name)[1]
                          if sliders_in_output(name, position) > 1)
    open_notebook(browser, lab, name, live_cells(name)[0])
    step_through(browser, position + 1)
    cell = cells_of(browser)[position]
    first, second = handles(cell)[:2]
    start = wait(lambda: browser.execute_script(PIXELS, cell), "a figure beside the sliders")
    first.send_keys(Keys.HOME)
    halfway = wait(lambda: changed(browser, cell, start), "the figure to follow the first slider")
    second.send_keys(Keys.HOME)
    home = wait(lambda: changed(browser, cell, halfway), "the figure to follow the second slider")
    for key, pressed in ((Keys.END, (first, second)), (Keys.HOME, (first, second))):
        for handle in pressed:
            handle.send_keys(key)
    wait(lambda: browser.execute_script(PIXELS, cell) == home, "the whole figure of both sliders at home")


def sliders_in_output(name, position):
    """How many sliders the committed output of a cell has."""
    cell = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"][position]
    return sum("".join(output.get("data", {}).get("text/html", "")).count('type="range"') for output in cell["outputs"])


def changed(browser, cell, before):
    """The figure's pixels if there are some and they are not those from before, else nothing."""
    now = browser.execute_script(PIXELS, cell)
    return now if now not in ([], before) else None


@pytest.mark.parametrize("name", FOUND)
def test_sliders_change_the_figure_of_a_page_without_a_kernel(name, browser, tmp_path):
    """Every slider of the exported page, at its ends and back: another frame, another value beside it."""
    from selenium.webdriver import Keys

    for figure in live_figures(browser, name, tmp_path):
        for slider in figure.find_elements("css selector", "input[type=range]"):
            seen = []
            for key in (Keys.HOME, Keys.END, Keys.HOME):
                slider.send_keys(key)
                seen.append(as_shown(browser, figure, slider))
            assert seen[0] == seen[2] and all(a != b for a, b in zip(seen[0], seen[1], strict=True))


def live_figures(browser, name, folder):
    """The live figures of a notebook's exported page, opened in the browser."""
    from nbconvert import HTMLExporter

    page = folder / f"{name}.html"
    page.write_text(HTMLExporter().from_filename(str(NOTEBOOKS / f"{name}.ipynb"))[0], encoding="utf-8")
    browser.get(page.resolve().as_uri())
    return wait(lambda: (figures := browser.find_elements("css selector", ".npvae-live"))
                and len(figures) == len(live_cells(name)[1]) and figures, "the live figures of the page")


def as_shown(browser, figure, slider):
    """The frame that is seen, and the value beside the slider."""
    frame = browser.execute_script("return arguments[0].querySelector('img').currentSrc", figure)
    return frame, browser.execute_script("return arguments[0].nextElementSibling.textContent", slider)


def pictures(folder, names):
    """Write each live figure of the exported pages with one slider after the other at its ends."""
    from selenium.webdriver import Keys

    with tempfile.TemporaryDirectory() as profile, browsing(profile) as browser:
        for name in names:
            for number, figure in enumerate(live_figures(browser, name, folder), 1):
                for slider in figure.find_elements("css selector", "input[type=range]"):
                    label = slider.find_element("xpath", "preceding-sibling::span").text
                    middle = slider.get_attribute("value")
                    for end, key in (("low", Keys.HOME), ("high", Keys.END)):
                        slider.send_keys(key)
                        figure.screenshot(str(folder / f"{name[:2]}_{number}_{label}_{end}.png"))
                    slider.send_keys(Keys.HOME + Keys.ARROW_RIGHT * int(middle))


if __name__ == "__main__":
    pictures(pathlib.Path(sys.argv[1]), [name for name in FOUND if name[:2] in sys.argv[2:] or not sys.argv[2:]])
