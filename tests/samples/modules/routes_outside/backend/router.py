"""Wants the address of another module."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1/healthy")


@router.get("/items")
def items():
    return []
