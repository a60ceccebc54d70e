"""Airflow's web UI as a browser asks it, without one: logging in, toggling, clearing."""

from __future__ import annotations

import re

import requests

DAG = "online_learning_analytics"


def log_in(web: str, user: str, password: str) -> requests.Session | None:
    """A browser that the web UI has let in, else None."""
    browser = requests.Session()
    browser.post(
        f"{web}/login/",
        {"csrf_token": token(browser, f"{web}/login/"), "username": user, "password": password},
        timeout=60,
    )
    return None if "/login/" in browser.get(f"{web}/home", timeout=60).url else browser


def token(browser: requests.Session, page: str) -> str:
    """The token that a form of the page has to send back."""
    text = browser.get(page, timeout=60).text
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)
    assert found
    return found[1]


def toggle(browser: requests.Session, web: str, *, on: bool) -> None:
    """What the DAG's toggle sends."""
    query = {"is_paused": str(on).lower(), "dag_id": DAG}  # the state that it is toggled from
    answer = browser.post(f"{web}/paused", params=query, headers=_script_token(browser, web), timeout=60)
    assert answer.ok, answer.text[:500]


def clear(browser: requests.Session, web: str, dag: str, task: str, run: str, *, recursive: bool) -> None:
    """What the button "Clear" sends, with its switches Downstream and Recursive on or off; ``run`` is its date."""
    form = {"dag_id": dag, "task_id": task, "execution_date": run, "confirmed": "true"}
    state = str(recursive).lower()
    switches = {"downstream": state, "recursive": state, "upstream": "false", "past": "false", "future": "false"}
    answer = browser.post(f"{web}/clear", {**form, **switches}, headers=_script_token(browser, web), timeout=60)
    assert answer.ok, answer.text[:500]


def _script_token(browser: requests.Session, web: str) -> dict[str, str]:
    """The token that the scripts of a page send along."""
    page = browser.get(f"{web}/dags/{DAG}/grid", timeout=60).text
    found = re.search(r'name="csrf_token"[^>]*content="([^"]+)"', page) or re.search(r"csrfToken = '([^']+)'", page)
    assert found, page[:2000]
    return {"X-CSRFToken": found[1]}
