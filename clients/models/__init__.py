"""Facts about clients; one module per noun."""

from clients.models.accounts import Account, Holding, Trade
from clients.models.client import Book, Client, Relation
from clients.models.custody import CustodyMember, CustodyMove
from clients.models.notices import Announcement, DeliveryEvidence, NoticeCampaign, Objection
from clients.models.papers import Document, Preference
from clients.models.reveals import Reveal

__all__ = [
    "Account",
    "Announcement",
    "Book",
    "Client",
    "CustodyMember",
    "CustodyMove",
    "DeliveryEvidence",
    "Document",
    "Holding",
    "NoticeCampaign",
    "Objection",
    "Preference",
    "Relation",
    "Reveal",
    "Trade",
]
