"""Just enough of a browser: the machine's own Chromium without a window, driven over its devtools protocol."""

import base64
import itertools
import json
import re
import shutil
import subprocess
import time
from contextlib import contextmanager

from websockets.sync.client import connect

LIMIT = 45.0
"""Seconds for a page to show something: 5 on a quiet machine."""

CODES = {"Enter": ("\r", 13), "Escape": ("", 27)}


def find_chromium():
    """Return the path of a Chromium or Chrome, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)


class Tab:
    """One page."""

    def __init__(self, socket):
        self.socket, self.numbers, self.refused = socket, itertools.count(1), []
        for domain in ("Page", "Network"):
            self.tell(f"{domain}.enable")

    def tell(self, method, **params):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(timeout=LIMIT))
            if message.get("method") == "Network.responseReceived":
                response = message["params"]["response"]
                if response["status"] >= 400:
                    self.refused.append((response["status"], response["url"]))
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    def goto(self, url):
        self.tell("Page.navigate", url=url)

    def ask(self, script):
        """Return the value of a JavaScript expression."""
        answer = self.tell("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, script):
        """Wait until an expression is truthy, and return it; while a page loads it may fail."""
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            answer = self.tell("Runtime.evaluate", expression=script, returnByValue=True)
            if "exceptionDetails" not in answer and (value := answer["result"].get("value")):
                return value
            time.sleep(0.1)
        raise AssertionError(f"never true: {script}\n{self.ask('document.body.innerText')[:2000]}\n{self.refused}")

    def press(self, key, *, control=False):
        text, code = CODES[key] if key in CODES else (key, ord(key.upper()))
        event = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 2 if control else 0}
        event["code"] = key if key in CODES else f"Digit{key}" if key.isdigit() else f"Key{key.upper()}"
        self.tell("Input.dispatchKeyEvent", type="keyDown", **event, **({} if control or not text else {"text": text}))
        self.tell("Input.dispatchKeyEvent", type="keyUp", **event)

    def click(self, words):
        """Choose the option that these words stand beside."""
        self.wait(f"""(() => {{
            const found = [...document.querySelectorAll("label")].find(e => e.innerText.includes({words!r}));
            if (found) found.click();
            return found !== undefined;
        }})()""")

    def mark(self, words, within=".qy-text"):
        """Draw the mouse over the first of these words in an element, as a hand does; they stand in one line."""
        box = self.ask(f"""(() => {{
            const nodes = document.createTreeWalker(document.querySelector({within!r}), NodeFilter.SHOW_TEXT);
            while (nodes.nextNode()) {{
                const at = nodes.currentNode.data.indexOf({words!r});
                if (at < 0) continue;
                const range = document.createRange();
                range.setStart(nodes.currentNode, at);
                range.setEnd(nodes.currentNode, at + {words!r}.length);
                range.startContainer.parentElement.scrollIntoView({{block: "center"}});
                const box = range.getBoundingClientRect();
                return [box.left + 1, box.right - 1, (box.top + box.bottom) / 2];
            }}
        }})()""")
        assert box is not None, f"{words} is not there"
        left, right, height = box
        for kind, x, buttons in (("mousePressed", left, 1), ("mouseMoved", (left + right) / 2, 1),
                                 ("mouseMoved", right, 1), ("mouseReleased", right, 0)):  # fmt: skip
            self.tell("Input.dispatchMouseEvent", type=kind, x=x, y=height, button="left", buttons=buttons,
                      clickCount=1)  # fmt: skip

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.tell("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def open_tab(executable, folder, width=1280, height=800):
    command = [
        executable, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--remote-debugging-port=0", f"--user-data-dir={folder}", f"--window-size={width},{height}", "--lang=zh-CN",
        "about:blank",
    ]  # fmt: skip
    log = folder / "chromium.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink)
    try:
        deadline = time.monotonic() + LIMIT
        while not (found := re.search(r"ws://127\.0\.0\.1:(\d+)\S+", log.read_text("utf-8", "replace"))):
            assert process.poll() is None, log.read_text("utf-8", "replace")
            assert time.monotonic() < deadline, log.read_text("utf-8", "replace")
            time.sleep(0.1)
        with connect(found[0], proxy=None, max_size=None, ping_interval=None) as browser:
            browser.send(json.dumps({"id": 1, "method": "Target.createTarget", "params": {"url": "about:blank"}}))
            target = json.loads(browser.recv())["result"]["targetId"]
            with connect(
                f"ws://127.0.0.1:{found[1]}/devtools/page/{target}", proxy=None, max_size=None, ping_interval=None
            ) as page:
                tab = Tab(page)
                tab.tell(
                    "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
                )
                yield tab
    finally:
        process.terminate()
        process.wait(30)
