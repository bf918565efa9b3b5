"""The API's own description: that it is OpenAPI, and that it says what is there, no more and no less."""

import re
from typing import Any

import httpx
from fastapi import FastAPI

from tests.server import ADMIN, Client, bearer


async def openapi(client: httpx.AsyncClient) -> dict:
    return (await client.get("/api/openapi.json")).raise_for_status().json()


async def test_the_description_is_openapi(client: Client):
    document = await openapi(client)
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert document["info"]["title"] and document["info"]["version"]
    operations = [(path, call) for path, methods in document["paths"].items() for call in methods.values()]
    ids = [call["operationId"] for _, call in operations if "operationId" in call]
    assert len(ids) == len(set(ids))
    for path, operation in operations:
        assert operation["responses"] and operation.get("summary"), path
        given = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert given == set(re.findall(r"{(\w+)}", path)), path
    for reference in re.findall(r'"\$ref": ?"#/([^"]+)"', str(document).replace("'", '"')):
        found = document
        for part in reference.split("/"):
            found = found[part]


async def test_the_description_has_every_route(client: Client):
    """What FastAPI routes and what the front routes by itself, but for pages and for the description itself."""
    described = {
        (method.upper(), path) for path, methods in (await openapi(client))["paths"].items() for method in methods
    }
    by_hand = {
        ("POST", "/api/pipelines/{pipeline}/records"),
        ("GET", "/api/pipelines/{pipeline}/stream"),
        ("GET", "/healthz"),
        ("GET", "/api/graphql"),
        ("POST", "/api/graphql"),
    }
    assert by_hand <= described
    for method, path in described:
        concrete = path.replace("{pipeline}", "weather").replace("{dashboard}", "weather").replace("{form}", "csv")
        if path.endswith("/stream") or method == "DELETE":
            continue
        concrete = concrete.replace("{token}", "x").replace("{sink}", "billing").replace("{number}", "1")
        response = await client.request(method, concrete, headers=bearer(ADMIN))
        assert response.status_code != 405 and "nothing at this address" not in response.text, (method, path)
    routed = {(method, route.path) for route in routes(client) for method in route.methods}
    hidden = {"/api/openapi.json", "/api/docs", "/api/graphql"}  # there the page, GraphiQL
    pages = ("/d/", "/sign-", "/setup", "/sinks", "/pipelines")
    assert {(method, path) for method, path in routed if path not in hidden and path != "/"
            and not path.startswith(pages)} == described - by_hand  # fmt: skip


def routes(client: Client) -> list[Any]:
    """FastAPI's own list."""
    [rest] = [each for each in vars(client.app.asgi).values() if isinstance(each, FastAPI)]
    return [route for each in rest.routes if hasattr(each, "original_router") for route in each.original_router.routes]


async def test_the_description_for_people(client: Client):
    page = await client.get("/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    for path in (await openapi(client))["paths"]:
        assert path in page.text
