"""What an integrator does with the client of openapi-python-client: only what the contract knows passes mypy."""

from open_prm_client import AuthenticatedClient
from open_prm_client.api.deals import create_deal, list_deals
from open_prm_client.models import ExpandableDeal, ExpandableDealPage, NewDeal, ReviewStatus

client = AuthenticatedClient(base_url="https://prm.example.com", token="token")


def titles() -> list[str]:
    page = list_deals.sync(client=client, status=[ReviewStatus.SUBMITTED], limit=10)
    return [deal.title for deal in page.data] if isinstance(page, ExpandableDealPage) else []


def register(title: str) -> str | None:
    made = create_deal.sync(client=client, body=NewDeal(title=title), idempotency_key="one")
    return made.id if isinstance(made, ExpandableDeal) else None


def wrong() -> None:
    list_deals.sync(client=client, limit="ten")  # type: ignore[arg-type]
