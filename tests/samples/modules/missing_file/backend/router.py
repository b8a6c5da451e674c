"""Wants a file of its own that is not there."""

from fastapi import APIRouter

from ..services.items import find

router = APIRouter()
