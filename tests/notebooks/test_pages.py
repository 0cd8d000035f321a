"""The talks and pages that `notebooks/export.py` makes, in headless Chromium at 1280 × 720 and without a network.

`python tests/notebooks/test_pages.py FOLDER 07 08` writes a picture of every page of these talks, and of the exported
notebooks from top to bottom, into FOLDER, and names what is cut.
"""

import contextlib
import importlib.util
import pathlib
import shutil
import sys
import tempfile
import time

import pytest
from rerun import FOLDER

PATHS = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
CHROMIUM, CHROMEDRIVER = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
NEEDED = ("selenium", "nbconvert", "nbclassic", "sphinx_revealjs")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None] + ["a browser"] * (
    not (CHROMIUM and CHROMEDRIVER))
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
           "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
           "--window-size=1280,720", "--host-resolver-rules=MAP * ~NOTFOUND")
# how far the page of the talk that is shown reaches beyond 1280 × 720, and formulas that MathJax has left as they were
LOOK = """
const page = Reveal.getCurrentSlide();
const wide = [page, ...page.querySelectorAll('pre, .jp-OutputArea-output, .MathJax_Display, table')];
return [Math.max(0, page.scrollHeight - 720), Math.max(0, ...wide.map(part => part.scrollWidth - part.clientWidth)),
        page.innerText.match(/\\$[^$]{1,60}\\$|\\\\\\w+\\{/g) || [], page.querySelectorAll('.merror').length];
"""
READY = "return window.MathJax && MathJax.Hub && MathJax.Hub.queue.pending == 0 && MathJax.isReady === true"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING), reason=f"pages need {', '.join(MISSING)}"),
              pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
              pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def exporting():
    """The module notebooks/export.py."""
    spec = importlib.util.spec_from_file_location("export", FOLDER / "export.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def browsing(profile):
    """A headless Chromium that finds no host."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    with webdriver.Chrome(options, webdriver.ChromeService(CHROMEDRIVER)) as driver:
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                               {"width": 1280, "height": 720, "deviceScaleFactor": 1, "mobile": False})
        yield driver


def wait(condition, what, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def opened(browser, page):
    """Open a file and wait for its formulas."""
    browser.get(page.resolve().as_uri())
    wait(lambda: browser.execute_script(READY), f"the formulas of {page.name}")
    time.sleep(0.5)


def talk(browser, page):
    """Go through a talk; for each of its pages the number and what `LOOK` says of it."""
    opened(browser, page)
    wait(lambda: browser.execute_script("return window.Reveal && Reveal.isReady()"), "the talk")
    count = browser.execute_script("return Reveal.getTotalSlides()")
    for number in range(1, count + 1):
        browser.execute_script("Reveal.getCurrentSlide().querySelectorAll('.fragment')"
                               ".forEach(part => part.classList.add('visible'))")
        # they are set anew when a page is shown
        time.sleep(0.5)
        wait(lambda: browser.execute_script(READY), "the formulas of a page")
        yield number, browser.execute_script(LOOK)
        browser.execute_script("Reveal.next(); while (Reveal.availableFragments().next) Reveal.next()")


def complaints(look):
    """What is wrong with a page, in words."""
    below, right, raw, errors = look
    return ([f"{below:.0f} pixels too high"] * (below > 2) + [f"{right:.0f} pixels too wide"] * (right > 2)
            + [f"formulas left: {raw}"] * bool(raw) + [f"{errors} formulas in error"] * bool(errors))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with browsing(tmp_path_factory.mktemp("browser") / "profile") as driver:
        yield driver


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The folder of the exported pages, with what they load."""
    folder = tmp_path_factory.mktemp("exported")
    exporting().copy_parts(folder)
    return folder


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_no_page_of_the_talk_is_cut(path, exported, browser):
    page = exporting().export(path, exported, "slides")
    found = {number: complaints(look) for number, look in talk(browser, page)}
    assert len(found) >= 8 and not {number: words for number, words in found.items() if words}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_exported_page_has_words_for_its_pictures_and_sets_its_formulas(path, exported, browser):
    page = exporting().export(path, exported, "html")
    assert "No description has been provided for this image" not in page.read_text(encoding="utf-8")
    opened(browser, page)
    assert browser.execute_script("return document.querySelectorAll('.MathJax, .mjx-chtml').length") > 10
    assert browser.execute_script("return document.querySelectorAll('.merror').length") == 0
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 1280


def pictures(folder, keys):
    """Write pictures of the talks and pages of some notebooks."""
    export = exporting()
    export.copy_parts(folder)
    with tempfile.TemporaryDirectory() as profile, browsing(profile) as browser:
        for path in sorted(FOLDER.glob("[0-9][0-9]_*.ipynb")):
            if path.name[:2] not in keys:
                continue
            for number, look in talk(browser, export.export(path, folder, "slides")):
                browser.save_screenshot(str(folder / f"{path.name[:2]}_talk_{number:02d}.png"))
                print(path.name[:2], "page", number, *complaints(look), flush=True)
            opened(browser, export.export(path, folder, "html"))
            height = browser.execute_script("return document.documentElement.scrollHeight")
            for number, top in enumerate(range(0, height, 700), 1):
                browser.execute_script(f"document.documentElement.scrollTop = {top}; window.scrollTo(0, {top})")
                time.sleep(0.2)
                browser.save_screenshot(str(folder / f"{path.name[:2]}_page_{number:02d}.png"))


if __name__ == "__main__":
    pictures(pathlib.Path(sys.argv[1]), sys.argv[2:])
