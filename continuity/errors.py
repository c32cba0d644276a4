"""Why the continuity room refuses, and why a backup or a drill may fail."""

from django.utils.translation import gettext_lazy as _

from audit.errors import Refused, register_messages


class NotRestorable(Refused):
    """A backup or drill cannot go on; its row keeps the code and what was compared until then."""


register_messages(
    {
        "backup.under_way": _("A backup is under way already."),
        "backup.not_done": _("Only a finished backup can be restored."),
        "backup.failed": _("The backup broke off for a reason that is not known; see the server's log."),
        "backup.worker_lost": _("The process that worked on it ended; start again."),
        "backup.dump_failed": _("PostgreSQL's dump program ended with an error."),
        "backup.server_newer": _("The database server is newer than the dump program of this installation."),
        "backup.not_written": _("A file of the backup could not be written or read."),
        "backup.keys_unavailable": _("The installation's keys could not be used."),
        "backup.part_missing": _("A part of the backup is missing."),
        "backup.part_cut": _("A part of the backup is shorter or longer than its manifest says."),
        "backup.part_changed": _("A part of the backup was changed: its digest is not the manifest's."),
        "backup.part_closed": _("A part of the backup does not open: it was sealed for another one."),
        "backup.signature_wrong": _("The manifest is not signed by this installation."),
        "backup.manifest_unreadable": _("The manifest does not have the described form."),
        "backup.manifest_replaced": _("The manifest is another than the one that was recorded."),
        "drill.under_way": _("A restore drill is under way already."),
        "drill.failed": _("The drill broke off for a reason that is not known; see the server's log."),
        "drill.worker_lost": _("The process that worked on it ended; start again."),
        "drill.server_failed": _("The scratch server did not start."),
        "drill.restore_failed": _("PostgreSQL could not restore a part of the backup."),
        "drill.rows_differ": _("The restored rows are not those that were counted in the backup."),
        "drill.log_differs": _("The restored log is not the one whose head was recorded."),
        "drill.files_differ": _("The sealed files do not fit the restored rows."),
        "drill.sample_closed": _("A sealed row did not open with the restored wraps."),
    }
)
