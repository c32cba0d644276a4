"""One router for all rooms. A room offers ``register(router)`` in its ``api`` module and is called here."""

from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.routers import SimpleRouter

import access.api
from access.policies import signed_in

router = SimpleRouter()
access.api.register(router)

urlpatterns = router.urls

schema = signed_in(SpectacularJSONAPIView.as_view())
