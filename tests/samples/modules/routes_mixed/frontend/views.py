"""Half of the paths carry the prefix."""

from fastapi import APIRouter

router = APIRouter()


@router.get("/routes_mixed/list")
def items():
    return []


@router.get("/new")
def new():
    return {}
