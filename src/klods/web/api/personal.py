"""The API for personal data and retention; addresses travel in bodies, because logs keep paths."""

from fastapi import APIRouter, Response

from klods.kernel.person_reports import erasure_data, export_data
from klods.web.administration.personal import PRIVATE, OfPersonalData
from klods.web.api.personal_models import DueOut, EraseIn, ErasureOut, ExportOut, PersonIn, RetentionIn
from klods.web.api.refusals import REFUSALS

router = APIRouter(prefix="/api/v1/system", responses=REFUSALS, tags=["personal data"])


@router.post("/person/export", operation_id="export_person")
def export_person(wanted: PersonIn, admin: OfPersonalData, response: Response) -> ExportOut:
    """Everything that modules and the hub hold about somebody."""
    response.headers.update(PRIVATE)
    return ExportOut.model_validate(export_data(admin.export(wanted.email, everywhere=wanted.everywhere)))


@router.post("/person/erase", operation_id="erase_person")
def erase_person(wanted: EraseIn, admin: OfPersonalData, response: Response) -> ErasureOut:
    """Erase what is held about somebody, module by module; without `dry_run: false` only what would be erased."""
    response.headers.update(PRIVATE)
    act = admin.preview if wanted.dry_run else admin.erase
    report = act(wanted.email, everywhere=wanted.everywhere)
    return ErasureOut.model_validate(erasure_data(report, dry=wanted.dry_run))


@router.get("/retention", operation_id="list_retention")
def list_retention(admin: OfPersonalData) -> list[DueOut]:
    """The retention rules of modules, with the rows that are due on your platform."""
    return [DueOut.model_validate(it.data) for it in admin.due()]


@router.post("/retention", operation_id="apply_retention")
def apply_retention(wanted: RetentionIn, admin: OfPersonalData) -> list[DueOut]:
    """Carry the rules out on your platform; without `dry_run: false` only what is due."""
    found = admin.due() if wanted.dry_run else admin.apply_retention()
    return [DueOut.model_validate(it.data) for it in found]
