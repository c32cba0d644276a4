"""The addresses of the whole API: each room brings its own, here they are only put together."""

from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

import access.api
import access.api_programs
import clients.api
import continuity.api
import governance.api
import transfer.api
from access.policies import signed_in

router = SimpleRouter()
access.api.register(router)
access.api_programs.register(router)
continuity.api.register(router)
governance.api.register(router)

urlpatterns = [*router.urls, *clients.api.urlpatterns, *transfer.api.urlpatterns]

schema = signed_in(SpectacularJSONAPIView.as_view())

# Its script and style come from files of our own, so the product's policy stands here as everywhere.
docs = signed_in(
    SpectacularSwaggerSplitView.as_view(url_name="api-schema", template_name="handover/api_docs.html")
)
