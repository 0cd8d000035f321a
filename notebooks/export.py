"""Write notebooks as pages or as talks that need no network: `python notebooks/export.py 07 08 --to slides`.

The pages stand in `exported/`, beside a folder with MathJax, reveal.js and what they need; copy both. That folder comes
from the packages of `pip install -e '.[slides]'`. Where there is a network, `jupyter nbconvert --to html` and
`--to slides` do without them.
"""

import argparse
import importlib.util
import json
import pathlib
import re
import shutil
from html import escape

from jinja2 import DictLoader
from nbconvert import HTMLExporter, SlidesExporter
from traitlets.config import Config

FOLDER = pathlib.Path(__file__).parent
# what is copied beside the pages: package, folder in it, name here
PARTS = (("nbclassic", "static/components/MathJax", "MathJax"),
         ("nbclassic", "static/components/requirejs", "requirejs"),
         ("nbclassic", "static/components/jquery", "jquery"),
         ("sphinx_revealjs", "_static/revealjs", "revealjs"))
FOLDED = """{% extends 'index.html.j2' %}
{% block input %}{% if 'hide-input' in cell.metadata.get('tags', []) %}
<details style="margin-left:var(--jp-cell-prompt-width);font-family:var(--jp-content-font-family)">
<summary>code</summary>{{ super() }}</details>
{% else %}{{ super() }}{% endif %}{% endblock input %}"""
# MathJax as nbclassic brings it has one family of fonts
FONTS = """<script type="text/x-mathjax-config">MathJax.Hub.Config({"HTML-CSS":
{availableFonts: [], imageFont: null, preferredFont: null, webFont: "STIX-Web"}});</script>"""
# a folded answer keeps its distance from the words after it
ANSWERS = "<style>.jp-MarkdownOutput details {margin-bottom: 1em}</style>"
MATHJAX = "lib/MathJax/MathJax.js?config=TeX-AMS-MML_HTMLorMML-full,Safe"
# a page of the talk is 1280 by 720; what a cell prints and shows may use all of its width
TALK = """<style>:root {--jp-code-font-size: 16px !important}
.reveal .jp-Cell {padding: 2px 0} .reveal pre {box-shadow: none; width: 100%; font-size: 16px}
.reveal .jp-OutputArea img {zoom: 1.25; width: auto; height: auto; max-width: 980px; max-height: 540px; margin: 0 auto;
display: block} .reveal .npvae-live img {max-height: 400px}
.reveal .controls {font-size: 6px} .reveal .slide-number {right: auto; left: 8px}
.reveal .jp-InputPrompt, .reveal .jp-OutputPrompt {display: none}</style>
<script>
// the pictures of a page give way to its words, down to half their height
function fit(page) {
  const pictures = [...page.querySelectorAll('.jp-OutputArea img')];
  for (let height = 540; height >= 225 && page.scrollHeight > 720; height -= 15)
    pictures.forEach(picture => picture.style.maxHeight = height + 'px');
}
window.addEventListener('load', () => require(['lib/revealjs/dist/reveal.js'], talk => { window.Reveal = talk; }));
// a page's height changes when it is shown, and when its formulas are set
window.addEventListener('load', () => {
  const watch = new ResizeObserver(pages => pages.forEach(page => fit(page.target)));
  document.querySelectorAll('.slides section:not(:has(section))').forEach(page => watch.observe(page));
});
</script>"""


def copy_parts(target):
    """Copy what the pages load into `target`/lib; a SystemExit that names the package where one is missing."""
    for package, inside, name in PARTS:
        found = importlib.util.find_spec(package)
        if found is None:
            raise SystemExit(f"{package} is missing: pip install -e '.[slides]'")
        shutil.copytree(pathlib.Path(found.origin).parent / inside, target / "lib" / name, dirs_exist_ok=True)


def exporter(kind):
    """nbconvert's exporter with its addresses inside `lib`."""
    config = Config({"HTMLExporter": {"mathjax_url": MATHJAX, "jquery_url": "lib/jquery/jquery.min.js",
                                      "require_js_url": "lib/requirejs/require.js"}})
    if kind == "html":
        return HTMLExporter(config=config, extra_loaders=[DictLoader({"folded.html.j2": FOLDED})],
                            template_file="folded.html.j2")
    config.SlidesExporter = Config({"reveal_url_prefix": "lib/revealjs", "reveal_number": "c/t", "reveal_width": "1280",
                                    "reveal_height": "720", "reveal_transition": "none", "mathjax_url": MATHJAX,
                                    "jquery_url": "lib/jquery/jquery.min.js",
                                    "require_js_url": "lib/requirejs/require.js"})
    config.TagRemovePreprocessor = Config({"enabled": True, "remove_input_tags": {"hide-input"}})
    return SlidesExporter(config=config)


def with_words(body, notebook):
    """The page with each picture's words from its output's metadata, which not every template of nbconvert reads."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    words = {"".join(output["data"]["image/png"]).strip(): output["metadata"].get("image/png", {}).get("alt")
             for output in outputs if "image/png" in output.get("data", {})}
    return re.sub(r'<img alt="(No description[^"]*)"([^>]*?base64,([^"]+)")',
                  lambda image: f'<img alt="{escape(words.get(image[3].strip()) or image[1])}"{image[2]}', body)


def export(path, target, kind):
    """Write the notebook's page into the folder `target`; its path."""
    body, _ = exporter(kind).from_filename(str(path))
    body = with_words(body, json.loads(path.read_text(encoding="utf-8")))
    ending = "slides.html" if kind == "slides" else "html"
    # links lead from page to page
    body = re.sub(r'(href="[\w.-]+)\.ipynb', rf"\1.{ending}", body)
    # a language of diagrams, from the network, in which no notebook draws
    body = re.sub(r'<script type="module">(?:(?!</script>).)*mermaid.*?</script>', "", body, flags=re.DOTALL)
    page = target / f"{path.stem}.{ending}"
    head = FONTS + ANSWERS + (TALK if kind == "slides" else "") + "</head>"
    page.write_text(body.replace("</head>", head, 1), encoding="utf-8")
    return page


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="of the notebooks, such as 07; by default all")
    parser.add_argument("--to", choices=("html", "slides"), default="html")
    parser.add_argument("--target", type=pathlib.Path, default=pathlib.Path("exported"))
    options = parser.parse_args()
    copy_parts(options.target)
    for path in sorted(FOLDER.glob("[0-9][0-9]_*.ipynb")):
        if not options.numbers or path.name[:2] in options.numbers:
            print(export(path, options.target, options.to))


if __name__ == "__main__":
    main()
