"""A router with a slip."""

from fastapi import APIRouter

router = APIRouter(


def lost():
    return 1
