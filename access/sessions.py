"""Sessions that end by the database's clock: a machine whose clock is behind keeps none alive."""

from datetime import timedelta

from django.contrib.sessions.backends.db import SessionStore as PlainStore
from django.contrib.sessions.models import Session

from vault.clock import now


class SessionStore(PlainStore):
    """Django's sessions in the database, with another clock."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        found: Session | None = Session.objects.filter(
            session_key=self.session_key, expire_date__gt=now()
        ).first()
        if found is None:
            self._session_key = None
        return found

    def create_model_instance(self, data: dict[str, object]) -> Session:
        """The row of this session as it is to be stored, with its end."""
        made = super().create_model_instance(data)
        assert isinstance(made, Session)
        made.expire_date = now() + timedelta(seconds=self.get_expiry_age())
        return made
