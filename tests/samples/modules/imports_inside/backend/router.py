"""Reaches past the front door."""

from fastapi import APIRouter

from klods.modules.healthy import services

router = APIRouter()
