"""GraphiQL from our own assets, under the policy of all pages: asking, following, and who asks."""

import pytest
from playwright.async_api import Page

from tests.browser.support import BROWSER, Open, Tab
from tests.browser.test_looks import PHONE
from tests.browser.test_sinks import signed_in
from tests.server import STREAM, Client
from tests.web.graphql.wire import followed_by
from tests.wire import numbers

pytestmark = BROWSER
PAGE = "/api/graphql"
ANSWER = ".result-window"


async def opened(server: Client, open_tab: Open, **options: object) -> Tab:
    """The page, when it knows the schema."""
    tab = await signed_in(server, open_tab, "/pipelines", **options)
    await tab.page.goto(f"{server.base_url}{PAGE}")
    await tab.page.get_by_role("button", name="Show Documentation Explorer").click()
    await tab.until("() => document.body.textContent.includes('RecordConnection')")
    await tab.page.get_by_role("button", name="Hide Documentation Explorer").click()
    return tab


async def on_follow(tab: Tab) -> None:
    """The tab with the subscription."""
    await tab.page.get_by_role("tab", name="Follow").click()
    await tab.until("() => document.querySelector('.graphiql-query-editor').textContent.includes('pipelineEvents')")
    await tab.until("() => localStorage['graphiql:operationName'] === 'Follow'")  # it knows what is in the editor now


async def run(page: Page) -> None:
    await page.get_by_role("button", name="Execute query").click()


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"viewport": PHONE}])
async def test_a_query_is_answered(server: Client, open_tab: Open, options: dict[str, object]) -> None:
    tab = await opened(server, open_tab, **options)
    await run(tab.page)
    await tab.until(f"() => document.querySelector('{ANSWER}').textContent.includes('pipelines')")


async def test_a_subscription_is_followed_until_it_is_stopped(server: Client, open_tab: Open) -> None:
    tab = await opened(server, open_tab)
    await on_follow(tab)
    await run(tab.page)
    await followed_by(server, 1)
    await numbers(server, 4711, 4711)
    await tab.until(f"() => document.querySelector('{ANSWER}').textContent.includes('4711')")
    await tab.page.get_by_role("button", name="Stop query").click()
    await tab.page.get_by_role("button", name="Execute query").wait_for()


async def test_a_token_among_the_headers_asks_in_its_name_and_is_not_kept(server: Client, open_tab: Open) -> None:
    tab = await open_tab(str(server.base_url) + PAGE)
    await on_follow(tab)
    await tab.page.get_by_role("button", name="Headers").click()
    await tab.page.locator(".graphiql-editor:not(.hidden) > .CodeMirror").last.click()
    await tab.page.keyboard.type('{"Authorization": "Bearer ' + STREAM)
    await run(tab.page)
    await followed_by(server, 1)
    await numbers(server, 4711, 4711)
    await tab.until(f"() => document.querySelector('{ANSWER}').textContent.includes('4711')")
    kept = await tab.ask("() => JSON.stringify({...localStorage, ...sessionStorage})")
    assert STREAM not in kept and "pipelineEvents" in kept


async def test_no_other_page_loads_it(server: Client) -> None:
    for path in ("/", "/api/docs", "/d/weather"):
        assert "graphiql" not in (await server.get(path, headers={"Accept": "text/html"})).text
