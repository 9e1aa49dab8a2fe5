"""Coming in, and going out."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from starlette.responses import JSONResponse

from manager.domain.errors import CrossSiteRefused, GpuboxError
from manager.messages import plain
from manager.web.credentials import cookie_name, own_request, read_proof
from manager.web.deps import claims_of, services_of, visitor_of
from manager.web.openapi import answers
from manager.web.schemas import Password, Session, SessionCheck

router = APIRouter(prefix="/api/auth", tags=["auth"])


@router.post("/login", summary="Log in", responses=answers(Session, 400, 401, 403, 413, 415, 422, 429, signed_in=False))
async def login(request: Request, body: Annotated[Password, Body()]) -> Response:
    """Answers a token, and sets it as an HttpOnly cookie. After repeated failures: 429 with Retry-After."""
    services, visitor = services_of(request), visitor_of(request.scope)
    proof = read_proof(request.scope)
    if proof.site and not own_request(proof, "GET", visitor.secure, services.public_url):
        raise CrossSiteRefused
    try:
        token, claims = await services.login.log_in(body.password, visitor.address)
    except GpuboxError as error:
        services.counters.refused_logins[error.code] += 1
        raise
    age = int((claims.expires_at - claims.issued_at).total_seconds())
    answer = JSONResponse({"token": token, "expires_at": plain(claims.expires_at)})
    answer.headers["set-cookie"] = _cookie(token, age, visitor.secure)
    return answer


@router.get("/check", summary="Is the session valid?", responses=answers(SessionCheck))
async def check(request: Request) -> Response:
    """Answers until when."""
    return JSONResponse({"authenticated": True, "expires_at": plain(claims_of(request).expires_at)})


@router.post("/logout", status_code=204, summary="Log out", responses=answers(None, 503))
async def logout(request: Request) -> Response:
    """The token is dead at once, everywhere: other tabs and open streams end too."""
    await services_of(request).login.log_out(claims_of(request))
    return Response(status_code=204, headers={"set-cookie": _cookie("", 0, visitor_of(request.scope).secure)})


def _cookie(token: str, age: int, secure: bool) -> str:
    """Lax, so that a link to the panel opens it; what a cookie may prove is decided in `credentials`."""
    cookie = f"{cookie_name(secure)}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax"
    return f"{cookie}; Secure" if secure else cookie
