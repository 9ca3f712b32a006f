"""The interactive page of embeddings as its reader sees and uses it."""

from pathlib import Path


class Page:
    """A page as its reader sees and uses it."""

    def __init__(self, driver) -> None:
        self.driver = driver

    def open(self, path: Path) -> None:
        self.driver.get(path.as_uri())
        self.wait("document.documentElement.dataset.painted && plot.layout.annotations")

    def run(self, script: str, *arguments):
        plot = "const plot = document.getElementById('plot');"
        return self.driver.execute_script(plot + script, *arguments)

    def wait(self, condition: str) -> None:
        self.wait_for(lambda _: self.run(f"return {condition}"))

    def wait_for(self, condition) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, 60, 0.1).until(condition)

    def element(self, name: str):
        return self.driver.find_element("id", name)

    def search(self, text: str) -> None:
        """Type into the search box; what it finds is shown before this returns."""
        self.element("search").clear()
        self.element("search").send_keys(text)
        self.wait("!plot.dataset.drawing")

    def neighbours(self) -> list[tuple[str, float]]:
        return self.run("""
            return [...document.querySelectorAll("#neighbours li")].map((item) => [
              item.querySelector("bdi").textContent,
              Number(item.querySelector("output").dataset.cosine),
            ]);""")

    def hover(self, row: int) -> str:
        """Point at a dot; return the text that appears, line by line."""
        from selenium.webdriver.common.action_chains import ActionChains

        def is_pointed(_) -> bool:
            # A drawing that is still going on moves the dot, or takes the text away again.
            x, y = self.run(
                """
                const { left, top } = plot.querySelector(".nsewdrag").getBoundingClientRect();
                const { xaxis, yaxis } = plot._fullLayout;
                const [{ x, y }] = plot.data, row = arguments[0];
                return [left + xaxis.l2p(x[row]), top + yaxis.l2p(y[row])];""",
                row,
            )
            for aside in (2, 0):
                chain = ActionChains(self.driver, duration=0)
                chain.w3c_actions.pointer_action.move_to_location(round(x + aside), round(y))
                chain.perform()
            shown = "plot._hoverdata && plot.querySelector('.hovertext text')"
            return self.run(f"return {shown} && plot._hoverdata[0].pointNumber") == row

        self.wait_for(is_pointed)
        lines = ".hovertext text tspan.line"
        script = f"return [...document.querySelectorAll('{lines}')].map((e) => e.textContent)"
        return "\n".join(self.run(script))

    def labels(self) -> list[str]:
        script = (
            "return [...document.querySelectorAll('.annotation-text')].map((e) => e.textContent)"
        )
        return self.run(script)

    def errors(self) -> list[str]:
        log = self.driver.get_log("browser")
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]
