"""GraphiQL at `/api/graphql`, for a person who opens that address."""

from fastapi import APIRouter, Request, Response

from livedash.web.look import Looks


def router(looks: Looks) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/api/graphql")
    async def graphiql(request: Request) -> Response:
        return looks.page("graphiql", request, {})

    return routes
