"""An API with one operation."""

from fastapi import APIRouter

router = APIRouter()


@router.get("/items")
async def list_items() -> list[str]:
    """Everything there is."""
    return []
