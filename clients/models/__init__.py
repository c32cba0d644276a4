"""Facts about clients; one module per noun."""

from clients.models.accounts import Account, Holding, Trade
from clients.models.archives import ArchivedRow, SealedArchive
from clients.models.client import Book, Client, Relation
from clients.models.consents import ConsentRecord
from clients.models.custody import CustodyMember, CustodyMove
from clients.models.notices import Announcement, DeliveryEvidence, NoticeCampaign, Objection
from clients.models.papers import Document, Preference
from clients.models.reveals import Reveal

__all__ = [
    "Account",
    "Announcement",
    "ArchivedRow",
    "Book",
    "Client",
    "ConsentRecord",
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
    "SealedArchive",
    "Trade",
]
