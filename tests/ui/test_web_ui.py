"""A person at the web UI logs in, toggles the DAG on, sees why a check fails, clears it, sees the held facts go on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Iterator

import pytest
from planted_rows import Planted, mend, plant
from playwright.sync_api import Locator, Page, expect
from watch import Watch
from whole_laptop import REPOSITORY, Laptop

DAG = "online_learning_analytics"
DEGREES = ("data_science", "data_analytics", "data_engineering")
FILE = "data_science/2019/1/project_feedback.csv"
TABLE = "data_science_project_feedback"
RUN = "scheduled__2019-01-01T00%3A00%3A00%2B00%3A00"
STAGED = f"{DAG}.stage_project_feedback"
SLOW = 60_000
COLOUR = "node => getComputedStyle(node.querySelector('[data-testid=node]')).backgroundColor"

Picture = Callable[[str], Path]


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Laptop:
    return Laptop(tmp_path_factory.mktemp("laptop"))


@pytest.fixture(scope="module")
def planted(laptop: Laptop) -> Planted:
    """January of three degrees, with twelve bad rows in one file of one of them."""
    laptop.change_dag(("end_date=datetime(2019, 2, 1)", "end_date=datetime(2019, 1, 1)"))
    return plant(laptop, DEGREES, FILE, 12)


@pytest.fixture(scope="module")
def web(laptop: Laptop, planted: Planted) -> Iterator[tuple[str, str]]:
    """Address and password of the web UI, the DAG still off."""
    with laptop.up("--paused") as started:
        yield started


@pytest.fixture(scope="module")
def home(page: Page, web: tuple[str, str]) -> Page:
    """The list of DAGs, after a wrong and a right password."""
    address, password = web
    page.goto(address)
    log_in(page, "guessed")
    expect(page.get_by_text("Invalid login")).to_be_visible()
    assert "/login" in page.url
    log_in(page, password)
    expect(page.get_by_role("link", name=DAG, exact=True)).to_be_visible()
    return page


@pytest.fixture(scope="module")
def finished(home: Page, laptop: Laptop) -> Page:
    """The DAG toggled on, and its run decided on."""
    toggle = home.locator(f"#toggle-{DAG}")
    expect(toggle).not_to_be_checked()
    with home.expect_response(re.compile("/paused")):
        home.locator("label", has=toggle).click()
    home.reload()
    expect(toggle).to_be_checked()
    watch = Watch(laptop)
    watch.until_begun()
    watch.until_finished()
    return home


def log_in(page: Page, password: str) -> None:
    """Fill in the form and send it."""
    page.fill("#username", "admin")
    page.fill("#password", password)
    page.click("input[type=submit]")


def show(page: Page, web: tuple[str, str], dag: str, tab: str, task: str = "") -> None:
    """Open a tab of January's run, or of a task in it."""
    page.goto(f"{web[0]}/dags/{dag}/grid?dag_run_id={RUN}{f'&task_id={task}' if task else ''}&tab={tab}")


def nodes(page: Page) -> Locator:
    """The tasks in the graph, once it is drawn."""
    found = page.locator(".react-flow__node")
    expect(found.first).to_be_visible(timeout=SLOW)
    bring_into_view(page.locator(".react-flow"))
    return found


def bring_into_view(found: Locator) -> None:
    """Scroll to it and to its line's begin, once the page has drawn it anew and moved it into place."""
    found.page.wait_for_timeout(2000)
    found.evaluate(
        "each => { each.scrollIntoView({block: 'end'}); for (; each; each = each.parentElement) each.scrollLeft = 0; }"
    )


def node(page: Page, task: str) -> Locator:
    """One of them, by its whole name."""
    return nodes(page).filter(has=page.get_by_text(task, exact=True))


def select(page: Page, task: str) -> None:
    """Click a node, again if the page misses it: the graph is drawn anew while more of the run comes in."""
    for _ in range(10):
        node(page, task).click()
        page.wait_for_timeout(1000)
        if f"task_id={task}" in page.url:
            return
    raise AssertionError(f"{task} was clicked ten times, and is not selected.")


def test_the_list_says_what_the_dag_is_about(home: Page) -> None:
    for tag in ("online learning", "redshift"):
        expect(home.get_by_role("link", name=tag, exact=True)).to_be_visible()


def test_the_dag_fits_on_one_screen(finished: Page, web: tuple[str, str], picture: Picture) -> None:
    show(finished, web, DAG, "graph")
    boxes = [each.bounding_box() for each in nodes(finished).all()]
    assert len(boxes) == 15
    screen = finished.viewport_size
    assert screen
    for box in boxes:
        assert box
        assert 0 <= box["x"] <= screen["width"] - box["width"]
        assert 0 <= box["y"] <= screen["height"] - box["height"]
        assert box["width"] > 80  # pixels: its name can be read
    finished.screenshot(path=picture("dag_held"))


def test_kinds_of_nodes_have_colours_of_their_own(finished: Page, web: tuple[str, str]) -> None:
    show(finished, web, DAG, "graph")
    kinds = ("Begin_execution", "stage_users_dim", "stage_video_log", "build_avg_project_rating", "Settled")
    colours = [node(finished, name).evaluate(COLOUR) for name in kinds]
    assert len(set(colours)) == len(kinds), colours
    assert colours[3] == node(finished, "build_highest_prompt_score").evaluate(COLOUR)


def test_the_dag_tells_what_its_tables_are(finished: Page, web: tuple[str, str]) -> None:
    show(finished, web, DAG, "graph")
    finished.get_by_text("DAG Docs").click()
    expect(finished.get_by_text("Questions to mentors and their answers.")).to_be_visible()


def test_a_subdag_opens_from_its_node(finished: Page, web: tuple[str, str], picture: Picture) -> None:
    show(finished, web, DAG, "graph")
    select(finished, "stage_project_feedback")
    finished.get_by_role("tab", name="Details").click()
    finished.get_by_role("link", name="Zoom into SubDag").click()
    expect(finished.get_by_role("heading", name=f"SUBDAG: {STAGED}")).to_be_visible(timeout=SLOW)
    show(finished, web, STAGED, "graph")
    assert nodes(finished).count() == 4 * len(DEGREES)
    expect(node(finished, "data_science_stl_check")).to_contain_text("failed")
    expect(node(finished, "data_analytics_data_quality")).to_contain_text("success")
    finished.screenshot(path=picture("staging_subdag"))


def test_the_log_of_the_failed_check_says_what_redshift_refused_and_leads_to_what_to_do(
    finished: Page, web: tuple[str, str], picture: Picture
) -> None:
    show(finished, web, STAGED, "logs", "data_science_stl_check")
    link = finished.locator(f"a[href*='{STAGED}/grid'][href*='tab=details']")
    expect(link).to_be_visible(timeout=SLOW)
    bring_into_view(link)
    text = finished.locator("code").filter(has=link).inner_text()
    assert f"Redshift refused of this file:\ns3://{DAG.replace('_', '-')}/{FILE}" in text
    assert re.search(r"line +column +value +reason", text)
    assert f"12 refused rows of 2019-01-01 stand in {TABLE}_errors" in text
    below = link.bounding_box()
    assert below
    # What follows is a traceback with paths of the machine that the picture was taken on.
    clip = {"x": 0, "y": 0, "width": 1600, "height": below["y"] + 2 * below["height"]}
    finished.screenshot(path=picture("stl_check_failed"), clip=clip)
    with finished.context.expect_page() as opened:
        link.click()
    how = opened.value
    expect(how.get_by_role("heading", name="When this fails")).to_be_visible(timeout=SLOW)
    expect(how.get_by_role("code").get_by_text(f"repair put-back {TABLE}")).to_be_visible()
    how.close()


def test_after_mending_a_click_on_clear_lets_the_held_facts_go_on(
    finished: Page, web: tuple[str, str], laptop: Laptop, planted: Planted, picture: Picture
) -> None:
    watch = Watch(laptop)
    assert watch.state() == "failed"
    mend(laptop, TABLE, planted)
    show(finished, web, STAGED, "details", "data_science_stl_check")
    finished.get_by_text("Clear task", exact=True).click()
    # Downstream and Recursive are on by themselves.
    expect(finished.get_by_text(re.compile("Affected Tasks: [2-9]"))).to_be_visible(timeout=SLOW)
    finished.screenshot(path=picture("clear"))
    finished.get_by_role("button", name="Clear", exact=True).click()
    watch.until_built("data_science_avg_project_rating")
    watch.until_finished()
    assert watch.state() == "success"
    show(finished, web, DAG, "graph")
    states = {each.inner_text().split()[1] for each in nodes(finished).all()}
    assert states == {"success"}
    finished.screenshot(path=picture("dag"))


def test_the_readme_shows_pictures_that_are_there() -> None:
    text = (REPOSITORY / "README.md").read_text("utf-8")
    shown = re.findall(r"\((img/\S+?\.png)\)", text)
    assert {"img/dag.png", "img/staging_subdag.png", "img/stl_check_failed.png"} <= set(shown)
    assert [name for name in shown if not (REPOSITORY / name).read_bytes().startswith(b"\x89PNG")] == []
